"""What every page is made of: base templates, components, design tokens, menus, icons, tags, static files, error pages.

It stands low, above the journal and below people, and knows no other room. Others hang their pages into its menus
(`navigation`), extend `design/base.html`, include what lies in `design/components/`, and import
`design/keep-and-send.js` for what must arrive. Who looks and whose colours a page has comes from the context.
"""
