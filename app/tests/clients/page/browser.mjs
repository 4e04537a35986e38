// Test of the demo page with two users: one with the keyboard only, one with the mouse.
//
// KITH_URL is the URL of the server, CHROMIUM the path of the browser. When this program prints the line `restart`, the
// caller restarts the server at the same address and writes a line to its standard input. PICTURES is an optional folder
// for screenshots of both windows.
import assert from "node:assert/strict";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { chromium } from "playwright-core";
import { connected, fits, focusByTab, openWindow, shows, TIMEOUT } from "./user.mjs";

const { KITH_URL: baseUrl, CHROMIUM: executablePath, PICTURES: pictures } = process.env;
assert.ok(baseUrl && executablePath, "KITH_URL and CHROMIUM must be set");
// Ends the program if it hangs, because its caller waits for it.
setTimeout(() => { console.error("timed out"); process.exit(1); }, 8 * TIMEOUT).unref();

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const args = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync"];
const browser = await chromium.launch({ executablePath, args });

let passed = 0;
async function check(promise, run) {
  try {
    await run();
  } catch (error) {
    error.message = `${promise}: ${error.message}`;
    throw error;
  }
  passed += 1;
  console.log(`ok ${promise}`);
}

const ann = await openWindow(browser, baseUrl);
const bob = await openWindow(browser, baseUrl);

await check("a user registers with the keyboard only and gets a recovery code", async () => {
  await focusByTab(ann, "#register button");
  await ann.page.keyboard.press("Enter");
  await connected(ann);
  assert.match(await ann.page.textContent("#recovery-code"), /^([0-9A-Z]{4}-){7}[0-9A-Z]{4}$/);
  await focusByTab(ann, "#confirm-code");
  await ann.page.keyboard.press("Enter");
});
await check("another user registers with the mouse", async () => {
  await bob.page.click("#register button");
  await connected(bob);
  await bob.page.click("#confirm-code");
  await shows(bob, "#empty", "No posts yet.");
});
await check("the other user sees an SOS at once", async () => {
  await focusByTab(ann, "#post textarea");
  await ann.page.keyboard.type("I have a bottle in front of me, and I have no one to call.");
  await focusByTab(ann, "#post select");
  await ann.page.keyboard.type("alc");
  await focusByTab(ann, "#post button");
  await ann.page.keyboard.press("Enter");
  await shows(bob, ".post[data-kind=POST_KIND_SOS]", "I have a bottle in front of me");
  await shows(bob, "#notice", "asks for help");
});
await check("the author sees a text response and quick support at once", async () => {
  await bob.page.fill(".answer input", "Put it in another room. I am here, and I am not going anywhere.");
  await bob.page.click(".answer button");
  await bob.page.click("text=Hug");
  await shows(ann, ".responses li", "Put it in another room.");
  await shows(ann, ".responses li", "Hug");
  await shows(ann, ".counts", "responses: 1, quick support: 1");
  await bob.page.waitForSelector(".taps [data-kind=QUICK_KIND_HUG][aria-pressed=true]");
});
await check("a response is marked as helpful with the keyboard, and its author sees it", async () => {
  await focusByTab(ann, ".responses li:first-child button");
  await ann.page.keyboard.press("Enter");
  await shows(bob, ".responses .helpful", "helpful");
  await shows(bob, "#notice", "Your response was marked as helpful.");
  await ann.page.waitForSelector(".responses li:first-child:focus");
});
if (pictures) {
  await ann.page.evaluate(() => document.activeElement.blur());
  for (const [name, { page }] of Object.entries({ ann, bob })) await page.screenshot({ path: join(pictures, `${name}.png`) });
}
await check("the page fits a phone", async () => {
  await fits(ann, 320);
  await fits(bob, 320);
  await fits(await openWindow(browser, baseUrl, { width: 320 }), 320);
});
await check("there are no violations of the content security policy and no console errors", async () => {
  assert.deepEqual([...ann.errors, ...bob.errors], []);
});
await check("after a restart of the server the page reconnects and reloads, and keeps unsent text", async () => {
  await bob.page.fill(".answer input", "Are you still");
  const [frameCount, posts] = [bob.frames.length, await bob.page.locator(".post").count()];
  const reload = bob.page.waitForResponse((response) => response.url().endsWith("/GetFeed") && response.ok());
  console.log("restart");
  await Promise.all([lines.next(), reload]);
  await Promise.all([connected(ann), connected(bob)]);
  const { subscribed } = bob.frames.slice(frameCount).find(({ subscribed }) => subscribed?.channel === "feed");
  assert.equal(subscribed.recovered, false);
  assert.equal(await bob.page.locator(".post").count(), posts);
  assert.equal(await bob.page.inputValue(".answer input"), "Are you still");
});
await check("an author can resolve the SOS after the restart, and the other user sees it", async () => {
  await ann.page.click("text=I am safe now");
  await shows(bob, ".post[data-resolved=true] .kind", "safe now");
});
await check("logout clears the session", async () => {
  await ann.page.click("#logout");
  await ann.page.waitForSelector("#register");
  assert.equal(await ann.page.evaluate(() => sessionStorage.length), 0);
});

await browser.close();
console.log(`${passed} checks passed`);
process.exit();
