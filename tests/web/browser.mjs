// A browser for the Python tests: one JSON request a line on stdin, one JSON answer a line on stdout.
//
//   {"method": "text", "arguments": ["h1"]}  ->  {"value": "digits"} or {"error": "..."}
//
// A request names a method of `methods` below. The browser is Debian's own; nothing is downloaded.
import { createRequire } from 'node:module';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const require = createRequire(new URL('../../web/package.json', import.meta.url));
const { chromium } = require('playwright-core');

const profile = mkdtempSync(join(tmpdir(), 'regatta-browser-'));
const context = await chromium.launchPersistentContext(profile, {
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  headless: true,
  viewport: { width: 1280, height: 900 },
  args: [
    '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync',
  ],
});
const page = context.pages()[0] ?? (await context.newPage());
page.setDefaultTimeout(20_000);

const problems = [];
const hosts = new Set();
page.on('pageerror', (error) => problems.push(String(error.stack ?? error)));
page.on('console', (message) => {
  // A refused key and a page of something invisible are answers, not faults of the page.
  if (message.type() === 'error' && !message.text().startsWith('Failed to load resource')) problems.push(message.text());
});
page.on('request', (request) => {
  const url = new URL(request.url());
  if (url.protocol.startsWith('http')) hosts.add(url.host);
});

const methods = {
  goto: async (url) => void (await page.goto(url)),
  reload: async () => void (await page.reload()),
  back: async () => void (await page.goBack()),
  url: () => page.url(),
  fill: (selector, text) => page.fill(selector, text),
  click: (selector) => page.click(selector),
  select: async (selector, value) => void (await page.selectOption(selector, value)),
  press: (key) => page.keyboard.press(key),
  focus: (selector) => page.focus(selector),
  text: (selector) => page.textContent(selector),
  texts: (selector) => page.locator(selector).allTextContents(),
  count: (selector) => page.locator(selector).count(),
  attribute: (selector, name) => page.getAttribute(selector, name),
  evaluate: (script) => page.evaluate(script),
  // Until the script's value is true. Asked from here again and again: the page's own rules forbid scripts from text.
  wait: async (script, seconds_max) => {
    const deadline = performance.now() + seconds_max * 1000;
    // A page that is just being replaced has no answer; the next one will.
    while (!(await page.evaluate(script).catch(() => false))) {
      if (performance.now() > deadline) throw new Error(`not true within ${seconds_max} s`);
      await new Promise((resume) => setTimeout(resume, 50));
    }
  },
  see: async (selector) => void (await page.waitForSelector(selector)),
  drag: async (selector, [fromX, fromY], [toX, toY]) => {
    const place = page.locator(selector);
    await place.scrollIntoViewIfNeeded();
    const box = await place.boundingBox();
    await page.mouse.move(box.x + fromX * box.width, box.y + fromY * box.height);
    await page.mouse.down();
    await page.mouse.move(box.x + toX * box.width, box.y + toY * box.height, { steps: 8 });
    await page.mouse.up();
  },
  // Moves the pointer to a place of an element, given as fractions of its size.
  hover: async (selector, [x, y]) => {
    const place = page.locator(selector);
    await place.scrollIntoViewIfNeeded();
    const box = await place.boundingBox();
    await page.mouse.move(box.x + x * box.width, box.y + y * box.height, { steps: 3 });
  },
  // From now on the page gets this in the place of the server's answer to what matches.
  answer: async (pattern, status, body) => {
    await page.unroute(pattern);
    await page.route(pattern, (route) => route.fulfill({ status, contentType: 'application/json', body: JSON.stringify(body) }));
  },
  resize: (width, height) => page.setViewportSize({ width, height }),
  colors: (scheme) => page.emulateMedia({ colorScheme: scheme }),
  picture: async (path) => void (await page.screenshot({ path, fullPage: true })),
  problems: () => problems.splice(0),
  hosts: () => [...hosts],
};

for await (const line of createInterface({ input: process.stdin })) {
  const request = JSON.parse(line);
  let answer;
  try {
    answer = { value: (await methods[request.method](...request.arguments)) ?? null };
  } catch (error) {
    answer = { error: String(error.message ?? error), at: page.url(), text: await page.innerText('body').catch(() => '') };
  }
  process.stdout.write(JSON.stringify(answer) + '\n');
}
await context.close();
rmSync(profile, { recursive: true, force: true });
