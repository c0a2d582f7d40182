/** The page of a job: a screen reader is told how far it is and what it came to, and the keyboard stays in it. */

import "./compare.js";
import "./job-progress.js";

const QUARTER = 25; // per cent: more often would only be in the way
const news = document.querySelector("#job-news");
const outcome = () => document.querySelector("#outcome");
let quarters = 0;
let before = { isRunning: false, hadFocus: false };

document.addEventListener("job-progressed", ({ detail }) => {
  const passed = Math.floor(detail.percent / QUARTER);
  if (passed > quarters) news.textContent = `${detail.percent} %. ${detail.stage}`;
  quarters = passed;
});

document.addEventListener("htmx:beforeSwap", () => {
  const shown = outcome();
  before = { isRunning: shown.dataset.state === "running", hadFocus: shown.contains(document.activeElement) };
});

document.addEventListener("htmx:afterSettle", () => {
  if (!before.isRunning || outcome().dataset.state === "running") return;
  const title = document.querySelector("#result-title");
  if (title) news.textContent = `Ended. ${title.innerText.trim()}.`; // what went wrong is an alert
  if (before.hadFocus) document.querySelector("#result-title, [data-problem]")?.focus();
});
