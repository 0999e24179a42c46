// Opens pages in headless Chromium and calls functions in them, as told line by line on standard input:
//   {"id": 1, "open": "alice", "url": "https://..."}
//   {"id": 2, "page": "alice", "call": "register", "with": [...]}
// and answers {"id": 2, "value": ...} or {"id": 2, "error": "..."}. What a page says on its console goes to standard error.
import { createRequire } from "node:module";
import { createInterface } from "node:readline";

const [modules, profile] = process.argv.slice(2);
const { chromium } = createRequire(`${modules}/`)("playwright-core");

const flags = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
  "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-breakpad",
  "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream", "--autoplay-policy=no-user-gesture-required",
  // The TLS library of Debian's linphone refuses a ClientHello in two pieces, as a post-quantum key makes it.
  "--disable-features=WebRtcPqcForDtls", "--force-fieldtrials=WebRTC-EnableDtlsPqc/Disabled/"];
const browser = await chromium.launchPersistentContext(profile, {
  executablePath: "/usr/bin/chromium", args: flags, headless: true, permissions: ["microphone"] });
const pages = {};

const does = {
  async open({ open, url }) {
    const page = pages[open] = await browser.newPage();
    page.on("console", message => process.stderr.write(`${open}: ${message.text()}\n`));
    page.on("pageerror", fault => process.stderr.write(`${open}: ${fault.stack}\n`));
    // Chromium gives up what it is loading, or begins anew by itself, when an address comes meanwhile.
    const gaveUp = fault => { if (!/ERR_NETWORK_CHANGED|interrupted by another/.test(fault.message)) throw fault; };
    for (let whole = false; !whole;)
      whole = await page.goto(url).then(() => page.evaluate(() => "phone" in window), gaveUp);
  },
  call({ page, call, with: given }) {
    return pages[page].evaluate(([name, values]) => window.phone[name](...values), [call, given]);
  },
};

process.stdout.write('{"ready": true}\n');
for await (const line of createInterface({ input: process.stdin })) {
  const asked = JSON.parse(line);
  does[asked.open ? "open" : "call"](asked).then(
    value => process.stdout.write(JSON.stringify({ id: asked.id, value: value ?? null }) + "\n"),
    fault => process.stdout.write(JSON.stringify({ id: asked.id, error: String(fault.message ?? fault) }) + "\n"));
}
await browser.close();
