// Sends the photo with the choices, and shows what comes back; again whenever a choice changes.
"use strict";

const find = (id) => document.getElementById(id);
const form = find("choices"), drop = find("drop"), input = find("photo");
let photo = null, atWork = false, changed = false;

function element(name, properties) {
  return Object.assign(document.createElement(name), properties);
}

function show(text, isError = false) {
  find("status").textContent = text;
  find("status").className = isError ? "error" : "";
}

function query() {
  const chosen = new FormData(form);
  const wanted = new URLSearchParams({
    size: chosen.get("own").trim() || chosen.get("size"),
    background: chosen.get("colour").trim() || chosen.get("background"),
  });
  for (const name of ["sheet", "face", "force"]) {
    if (chosen.get(name)) wanted.set(name, chosen.get(name));
  }
  return wanted;
}

function figure(file) {
  const source = `data:${file.kind};base64,${file.content}`;
  const made = element("figure");
  const link = element("a", { href: source, download: file.name, textContent: `Download ${file.name}` });
  made.append(element("img", { src: source, alt: file.name }), element("figcaption"));
  made.lastChild.append(link);
  return made;
}

async function makeOnce() {
  const sent = photo;
  show("working …");
  find("remarks").replaceChildren();
  find("files").replaceChildren();
  let answer;
  try {
    answer = await (await fetch(`photos?${query()}`, { method: "POST", body: sent })).json();
  } catch {
    answer = { error: "no answer: is id_photo.py still running, and the photo still there?" };
  }
  if (changed) return;
  if (answer.error) {
    show(answer.error, true);
    return;
  }
  show("done");
  find("remarks").append(...answer.remarks.map((remark) => element("li", { textContent: remark })));
  find("files").append(...answer.files.map(figure));
}

async function make() { // one request at a time; the last choice counts
  changed = true;
  if (!photo || atWork) return;
  atWork = true;
  while (changed) {
    changed = false;
    await makeOnce();
  }
  atWork = false;
}

function take(file) {
  if (!file) return;
  photo = file;
  const snapshot = find("snapshot");
  URL.revokeObjectURL(snapshot.src);
  snapshot.onload = () => { snapshot.hidden = false; };
  snapshot.onerror = () => { snapshot.hidden = true; }; // of a kind that browsers do not show
  snapshot.src = URL.createObjectURL(file);
  make();
}

async function start() {
  const choices = await (await fetch("choices")).json();
  const options = (pairs) => pairs.map(([value, meaning]) =>
    element("option", { value, textContent: meaning ? `${value} (${meaning})` : value }));
  form.elements.size.append(...options(choices.sizes));
  form.elements.background.append(...options(choices.backgrounds));
  form.elements.sheet.append(...options(choices.sheets.map((paper) => [paper, ""])));
}

input.addEventListener("change", () => { take(input.files[0]); input.value = ""; });
form.addEventListener("change", make);
form.addEventListener("submit", (event) => event.preventDefault());
document.addEventListener("dragover", (event) => { event.preventDefault(); drop.classList.add("over"); });
document.addEventListener("dragleave", () => drop.classList.remove("over"));
document.addEventListener("drop", (event) => {
  event.preventDefault(); // or the browser would leave the page and show the file
  drop.classList.remove("over");
  take(event.dataTransfer.files[0]);
});
start();
