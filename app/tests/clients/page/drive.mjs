// The page as two people use it: one with the keyboard alone, one with the mouse.
//
// KITH_URL says where the server is, CHROMIUM which browser to take. On the line `restart`, whoever runs this stops the
// server, starts it again at the same place, and says so by a line. With PICTURES, a folder, what both see is kept there.
import assert from "node:assert/strict";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { chromium } from "playwright-core";
import { fits, listening, PATIENCE, reach, says, somebody } from "./people.mjs";

const { KITH_URL: baseUrl, CHROMIUM: executablePath, PICTURES: pictures } = process.env;
assert.ok(baseUrl && executablePath, "KITH_URL and CHROMIUM say where the server and the browser are");
// Whoever waits for this is not kept waiting for ever.
setTimeout(() => { console.error("it took too long"); process.exit(1); }, 8 * PATIENCE).unref();

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const args = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync"];
const browser = await chromium.launch({ executablePath, args });

let held = 0;
async function check(promise, work) {
  try {
    await work();
  } catch (error) {
    error.message = `${promise}: ${error.message}`;
    throw error;
  }
  held += 1;
  console.log(`ok ${promise}`);
}

const ann = await somebody(browser, baseUrl);
const bob = await somebody(browser, baseUrl);

await check("somebody comes in with the keyboard alone, and is given a recovery code", async () => {
  await reach(ann, "#register button");
  await ann.page.keyboard.press("Enter");
  await listening(ann);
  assert.match(await ann.page.textContent("#recovery-code"), /^([0-9A-Z]{4}-){7}[0-9A-Z]{4}$/);
  await reach(ann, "#confirm-code");
  await ann.page.keyboard.press("Enter");
});
await check("another comes in with a mouse", async () => {
  await bob.page.click("#register button");
  await listening(bob);
  await bob.page.click("#confirm-code");
  await says(bob, "#empty", "No posts yet.");
});
await check("an SOS is in front of the other at once", async () => {
  await reach(ann, "#post textarea");
  await ann.page.keyboard.type("I have a bottle in front of me, and nobody to call.");
  await reach(ann, "#post select");
  await ann.page.keyboard.type("alc");
  await reach(ann, "#post button");
  await ann.page.keyboard.press("Enter");
  await says(bob, ".post[data-kind=POST_KIND_SOS]", "I have a bottle in front of me");
  await says(bob, "#notice", "asks for help");
});
await check("what the other answers, in words and in one tap, is there at once", async () => {
  await bob.page.fill(".answer input", "Put it in another room. I am here, and I am not going anywhere.");
  await bob.page.click(".answer button");
  await bob.page.click("text=Hug");
  await says(ann, ".responses li", "Put it in another room.");
  await says(ann, ".responses li", "Hug");
  await says(ann, ".counts", "responses: 1, quick support: 1");
  await bob.page.waitForSelector(".taps [data-kind=QUICK_KIND_HUG][aria-pressed=true]");
});
await check("what helped is marked with the keyboard, and its author sees it", async () => {
  await reach(ann, ".responses li:first-child button");
  await ann.page.keyboard.press("Enter");
  await says(bob, ".responses .helpful", "helpful");
  await says(bob, "#notice", "Your response was marked as helpful.");
  await ann.page.waitForSelector(".responses li:first-child:focus");
});
if (pictures) {
  await ann.page.evaluate(() => document.activeElement.blur());
  for (const [name, { page }] of Object.entries({ ann, bob })) await page.screenshot({ path: join(pictures, `${name}.png`) });
}
await check("the page fits a phone", async () => {
  await fits(ann, 320);
  await fits(bob, 320);
  await fits(await somebody(browser, baseUrl, { width: 320 }), 320);
});
await check("nothing broke the content security policy, and nothing was complained about", async () => {
  assert.deepEqual([...ann.complaints, ...bob.complaints], []);
});
await check("when the server comes back, so does the page: it reads again, and loses nothing that is being written", async () => {
  await bob.page.fill(".answer input", "Are you still");
  const [heard, posts] = [bob.frames.length, await bob.page.locator(".post").count()];
  const reads = bob.page.waitForResponse((answer) => answer.url().endsWith("/GetFeed") && answer.ok());
  console.log("restart");
  await Promise.all([lines.next(), reads]);
  await Promise.all([listening(ann), listening(bob)]);
  const { subscribed } = bob.frames.slice(heard).find(({ subscribed }) => subscribed?.channel === "feed");
  assert.equal(subscribed.recovered, false);
  assert.equal(await bob.page.locator(".post").count(), posts);
  assert.equal(await bob.page.inputValue(".answer input"), "Are you still");
});
await check("who is safe says so, and it is heard after the restart as before", async () => {
  await ann.page.click("text=I am safe now");
  await says(bob, ".post[data-resolved=true] .kind", "safe now");
});
await check("who leaves is nobody again", async () => {
  await ann.page.click("#logout");
  await ann.page.waitForSelector("#register");
  assert.equal(await ann.page.evaluate(() => sessionStorage.length), 0);
});

await browser.close();
console.log(`${held} checks held`);
process.exit();
