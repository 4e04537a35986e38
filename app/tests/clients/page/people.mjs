// Somebody with a window of their own, and what they see in it.
import assert from "node:assert/strict";

/** How long anything may take to appear. */
export const PATIENCE = 20_000;

/** A window that nobody has been in before. What its console complains about is kept. */
export async function somebody(browser, baseUrl, { width = 640 } = {}) {
  const context = await browser.newContext({ viewport: { width, height: 820 }, baseURL: baseUrl, locale: "en-GB" });
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE);
  const person = { page, complaints: [], frames: [] };
  page.on("console", (line) => line.type() === "error" && person.complaints.push(line.text()));
  page.on("pageerror", (error) => person.complaints.push(error.message));
  page.on("websocket", (socket) => {
    socket.on("framereceived", ({ payload }) => person.frames.push(JSON.parse(payload)));
  });
  await page.addInitScript(() => {
    const violated = ({ violatedDirective, blockedURI }) => console.error(`${violatedDirective} stopped ${blockedURI}`);
    document.addEventListener("securitypolicyviolation", violated);
  });
  const document = await page.goto("/");
  assert.match(document.headers()["content-security-policy"], /default-src 'none'/);
  return person;
}

/** It is listening. */
export const listening = ({ page }) => page.waitForSelector("#connection[data-state=on]");

/** Something that says this, inside of what the selector finds. */
export const says = ({ page }, selector, words) => page.locator(selector).filter({ hasText: words }).first().waitFor();

/** Goes there with the Tab key alone. */
export async function reach({ page }, selector) {
  for (let tabs = 0; tabs < 100; tabs += 1) {
    if (await page.evaluate((wanted) => document.activeElement.matches(wanted), selector)) return;
    await page.keyboard.press("Tab");
  }
  assert.fail(`the Tab key does not lead to ${selector}`);
}

/** Nothing is wider than the window. */
export async function fits({ page }, width) {
  await page.setViewportSize({ width, height: 720 });
  const wide = await page.evaluate(() => document.documentElement.scrollWidth);
  assert.ok(wide <= width, `${wide} pixels in a window of ${width}`);
}
