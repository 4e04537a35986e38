// A user with a browser window, and assertions about the page in it.
import assert from "node:assert/strict";

/** Maximum time to wait for an element, in milliseconds. */
export const TIMEOUT = 20_000;

/** Opens a window with empty storage. Errors in its console are collected. */
export async function openWindow(browser, baseUrl, { width = 640 } = {}) {
  const context = await browser.newContext({ viewport: { width, height: 820 }, baseURL: baseUrl, locale: "en-GB" });
  const page = await context.newPage();
  page.setDefaultTimeout(TIMEOUT);
  const user = { page, errors: [], frames: [] };
  page.on("console", (line) => line.type() === "error" && user.errors.push(line.text()));
  page.on("pageerror", (error) => user.errors.push(error.message));
  page.on("websocket", (socket) => {
    socket.on("framereceived", ({ payload }) => user.frames.push(JSON.parse(payload)));
  });
  await page.addInitScript(() => {
    const violated = ({ violatedDirective, blockedURI }) => console.error(`${violatedDirective} blocked ${blockedURI}`);
    document.addEventListener("securitypolicyviolation", violated);
  });
  const document = await page.goto("/");
  assert.match(document.headers()["content-security-policy"], /default-src 'none'/);
  return user;
}

/** Waits until the page is connected. */
export const connected = ({ page }) => page.waitForSelector("#connection[data-state=on]");

/** Waits for an element that matches the selector and contains the text. */
export const shows = ({ page }, selector, text) => page.locator(selector).filter({ hasText: text }).first().waitFor();

/** Moves the focus to an element with the Tab key. */
export async function focusByTab({ page }, selector) {
  for (let tabs = 0; tabs < 100; tabs += 1) {
    if (await page.evaluate((wanted) => document.activeElement.matches(wanted), selector)) return;
    await page.keyboard.press("Tab");
  }
  assert.fail(`the Tab key does not reach ${selector}`);
}

/** Asserts that the page needs no horizontal scrolling at this width. */
export async function fits({ page }, width) {
  await page.setViewportSize({ width, height: 720 });
  const wide = await page.evaluate(() => document.documentElement.scrollWidth);
  assert.ok(wide <= width, `${wide} pixels in a window of ${width}`);
}
