// What is said to people, and how their clicks are heard.

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

let hushed;
// One line at the bottom, for a moment. It is a live region: a screen reader says it, too.
export function tell(words) {
  find("#notice").textContent = words;
  clearTimeout(hushed);
  hushed = setTimeout(() => { find("#notice").textContent = ""; }, 5000);
}

// Hears an event of the page. Its button rests until the work is done, so that a second click does nothing.
export function on(target, event, work) {
  target.addEventListener(event, async (happening) => {
    happening.preventDefault();
    const button = happening.submitter ?? (target.matches("button") ? target : undefined);
    if (button?.ariaBusy === "true") return;
    if (button) button.ariaBusy = "true";
    try {
      await work(happening);
    } catch (error) {
      tell(error.message);
    } finally {
      if (button) button.ariaBusy = "false";
    }
  });
}
