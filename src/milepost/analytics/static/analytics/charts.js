// Bars from the page's own data (<script id="charts">); the table under each chart says the same in words.
const told = JSON.parse(document.getElementById("charts")?.textContent ?? "{}");
const drawn = [];

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

function draw(place) {
  const { labels, series } = told[place.dataset.chart] ?? {};
  if (!labels?.length) {
    place.hidden = true;
    return;
  }
  const isNarrow = place.clientWidth < 520;
  place.style.height = `${Math.max(labels.length, 2) * (series.length > 1 ? 44 : 34) + 36}px`;
  const chart = echarts.getInstanceByDom(place) ?? echarts.init(place, null, { renderer: "canvas" });
  const font = getComputedStyle(document.body).fontFamily;
  chart.setOption({
    animation: !matchMedia("(prefers-reduced-motion: reduce)").matches,
    color: series.length > 1 ? [colour("--edge"), colour("--brand")] : [colour("--brand")],
    textStyle: { fontFamily: font, color: colour("--ink") },
    grid: { left: 0, right: 44, top: 4, bottom: 4, outerBoundsMode: "same", outerBoundsContain: "axisLabel" },
    xAxis: { type: "value", min: 0, max: 100, axisLabel: { color: colour("--ink-soft") }, splitLine: { lineStyle: { color: colour("--line") } } },
    yAxis: {
      type: "category", inverse: true, data: labels, axisTick: { show: false }, axisLine: { show: false },
      axisLabel: { color: colour("--ink"), width: isNarrow ? 120 : 260, overflow: "truncate", fontSize: 13 },
    },
    series: series.map(({ name, values }) => ({
      type: "bar", name, data: values, barMaxWidth: 16, itemStyle: { borderRadius: [0, 4, 4, 0] },
      label: { show: true, position: "right", formatter: ({ value }) => value.toLocaleString(document.documentElement.lang), color: colour("--ink-soft"), fontFamily: font },
    })),
  });
  if (!drawn.includes(chart)) drawn.push(chart);
}

const all = () => document.querySelectorAll("[data-chart]").forEach(draw);
document.fonts.ready.then(all);
addEventListener("resize", () => drawn.forEach((chart) => chart.resize()));
new MutationObserver(all).observe(document.documentElement, { attributeFilter: ["data-bs-theme"] });
