// Opens pages in a browser and tells what happened, as JSON.
// Usage: node drive.mjs NODE_MODULES BROWSER <visits.json
// A visit is {url, dark, width, height, screenshot, axe}.
import { createRequire } from "node:module";

const [modules, executablePath] = process.argv.slice(2);
const require = createRequire(modules + "/");
const puppeteer = require("puppeteer-core");
const axe = require("axe-core").source;

// Waits until all pictures are there or have failed, those far below too.
async function pictures() {
  const list = [...document.images];
  for (const i of list) i.loading = "eager";
  await Promise.all(list.map((i) => i.complete || new Promise((done) => (i.onload = i.onerror = done))));
  return list.filter((i) => !i.naturalWidth).map((i) => i.src);
}

// Makes everything on the page visible, so that it is looked at.
function unfold() {
  for (const d of document.querySelectorAll("details")) d.open = true;
  for (const i of document.querySelectorAll("input[type=checkbox]")) if (!/^o-(ev|de)$/.test(i.id)) i.checked = true;
}

// What the page is made of, as the browser understood it.
function contents() {
  return {
    title: document.title,
    pictures: document.images.length,
    scripts: document.scripts.length,
    handlers: [...document.querySelectorAll("*")].filter((e) => [...e.attributes].some((a) => /^(on|style$)/i.test(a.name))).length,
    links: [...new Set([...document.querySelectorAll("a[href]")].map((a) => a.href))],
    ids: [...document.querySelectorAll("[id]")].map((e) => e.id),
  };
}

async function accessibility() {
  const found = await axe.run(document, { resultTypes: ["violations"] });
  return found.violations.map((v) => ({ id: v.id, impact: v.impact, nodes: v.nodes.slice(0, 3).map((n) => n.html.slice(0, 300) + " " + n.failureSummary) }));
}

async function visit(browser, v) {
  const page = await browser.newPage();
  const out = { url: v.url, console: [], dialogs: 0, outside: [], failed: [] };
  page.on("console", (m) => ["error", "warning", "warn"].includes(m.type()) && out.console.push(m.text()));
  page.on("pageerror", (e) => out.console.push(String(e)));
  page.on("dialog", (d) => { out.dialogs++; d.dismiss(); });
  page.on("request", (r) => /^(file|data):/.test(r.url()) || out.outside.push(r.url()));
  page.on("requestfailed", (r) => out.failed.push(r.url() + " " + r.failure()?.errorText));
  page.on("popup", () => out.dialogs++);
  await page.setViewport({ width: v.width || 1100, height: v.height || 1400 });
  await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: v.dark ? "dark" : "light" }]);
  await page.goto(v.url, { waitUntil: "load", timeout: 120000 });
  out.broken = await page.evaluate(pictures);
  Object.assign(out, await page.evaluate(contents));
  if (v.screenshot) await page.screenshot({ path: v.screenshot });
  if (v.axe) {
    await page.setViewport({ width: v.width || 1100, height: 16000 });
    await page.evaluate(unfold);
    await page.evaluate(axe);
    out.violations = await page.evaluate(accessibility);
  }
  await page.close();
  return out;
}

let input = "";
for await (const part of process.stdin) input += part;
const browser = await puppeteer.launch({
  executablePath,
  args: ["--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run", "--disable-background-networking", "--font-render-hinting=none"],
});
try {
  const out = [];
  for (const v of JSON.parse(input)) out.push(await visit(browser, v));
  process.stdout.write(JSON.stringify(out));
} finally {
  await browser.close();
}
