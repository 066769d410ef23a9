// The number by which this browser is known again, kept in the two stores of a page beside the cookie: what is thrown away in
// one place is given back from another. The form sends all that was found; the server says what is ours.
const KEY = "milepost-device";
const field = document.querySelector("[name=device]");
const joined = (...texts) => [...new Set(texts.join("~").split("~").filter(Boolean))].slice(0, 8).join("~");

function store() {
  return new Promise((tell, fail) => {
    const asked = indexedDB.open(KEY, 1);
    asked.onupgradeneeded = () => asked.result.createObjectStore("kept");
    asked.onsuccess = () => tell(asked.result);
    asked.onerror = fail;
  });
}

const done = (asked) => new Promise((tell, fail) => { asked.onsuccess = () => tell(asked.result); asked.onerror = fail; });

// A browser that keeps nothing for pages has its cookie alone.
try {
  field.value = joined(localStorage.getItem(KEY) ?? "", field.value);
  localStorage.setItem(KEY, field.value);
} catch { /* it forbids */ }
try {
  const kept = (await store()).transaction("kept", "readwrite").objectStore("kept");
  field.value = joined(await done(kept.get(KEY)) ?? "", field.value);
  await done(kept.put(field.value, KEY));
  localStorage.setItem(KEY, field.value);
} catch { /* it forbids */ }
