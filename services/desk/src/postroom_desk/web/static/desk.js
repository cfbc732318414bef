// Times in the viewer's own zone and language; a list follows what happens while nobody is paging or has the focus in it.
const local = () => {
  const short = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
  const full = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "medium" });
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  for (const time of document.querySelectorAll("time[datetime]")) {
    const at = new Date(time.dateTime);
    time.textContent = short.format(at);
    time.title = `${full.format(at)} (${zone})`;
  }
};
const follow = async () => {
  const main = document.querySelector("main");
  if (!document.hidden && !main.contains(document.activeElement)) {
    const answer = await fetch(location.href).catch(() => null);
    if (answer?.ok && !answer.redirected) {
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      main.replaceChildren(...page.querySelector("main").childNodes);
      local();
    }
  }
  setTimeout(follow, 3000);
};
local();
if (document.querySelector("main[data-live]") && !new URLSearchParams(location.search).has("cursor")) setTimeout(follow, 3000);
addEventListener("keydown", (event) => {
  if (event.key === "/" && event.target === document.body) {
    event.preventDefault();
    document.querySelector("input[type=search]")?.focus();
  }
});
