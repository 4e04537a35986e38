// Labels, notices and event handlers of the page.

export const QUICK = {
  QUICK_KIND_YOU_GOT_THIS: "You got this",
  QUICK_KIND_STAY_STRONG: "Stay strong",
  QUICK_KIND_HERE_FOR_YOU: "Here for you",
  QUICK_KIND_PROUD_OF_YOU: "Proud of you",
  QUICK_KIND_HUG: "Hug",
};
export const KINDS = {
  POST_KIND_SOS: "SOS",
  POST_KIND_CHECK_IN: "Check-in",
  POST_KIND_VICTORY: "Victory",
  POST_KIND_QUESTION: "Question",
};
export const CATEGORIES = ["alcohol", "anxiety", "depression", "drugs", "eating", "family", "gambling", "gaming", "grief",
  "loneliness", "nicotine", "other", "self-harm", "sex", "sleep", "trauma", "work"];

export const find = (selector, within = document) => within.querySelector(selector);

let clearTimer;
// Shows a notice for 5 seconds. The element is a live region, so screen readers announce it.
export function notify(text) {
  find("#notice").textContent = text;
  clearTimeout(clearTimer);
  clearTimer = setTimeout(() => { find("#notice").textContent = ""; }, 5000);
}

// Adds an event handler. The button is busy until the handler completes, so that a second click has no effect.
export function on(target, event, handler) {
  target.addEventListener(event, async (domEvent) => {
    domEvent.preventDefault();
    const button = domEvent.submitter ?? (target.matches("button") ? target : undefined);
    if (button?.ariaBusy === "true") return;
    if (button) button.ariaBusy = "true";
    try {
      await handler(domEvent);
    } catch (error) {
      notify(error.message);
    } finally {
      if (button) button.ariaBusy = "false";
    }
  });
}
