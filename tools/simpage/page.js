"use strict";

const TIMEOUT_MS = 3500; // the server is heard each 2 s at least
const UNITS = { percent: "%", amps: "A", volts: "V" };
const byId = (id) => document.getElementById(id);
let site = null;
let heard = 0;

function element(name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

/* An answer, shown until the next one or until it is closed. */
function show(text, wrong) {
  byId("answer-text").textContent = text;
  byId("answer").classList.toggle("wrong", wrong);
  byId("answer").hidden = false;
}

async function run(command, words) {
  show(`${command.label} ...`, false);
  try {
    const response = await fetch("api/command", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ name: command.name, arguments: words }),
    });
    const answer = await response.json();
    show(`${command.label}: ${answer.text ?? answer.error}`, !answer.ok);
  } catch {
    show(`${command.label}: the simulation does not answer`, true);
  }
}

/* What a field of a command is entered in. `outlet`: the number of the panel's, 0: to be chosen. */
function input(field, command) {
  const label = `${command.label}: ${field.name}`;
  const choices = field.name === "outlet" ? Array.from({ length: site.outlets }, (_, i) => `${i + 1}`) : field.choices;
  if (choices.length) {
    const chosen = element("select", { name: field.name, ariaLabel: label, title: field.name });
    for (const choice of choices) {
      const text = field.name === "outlet" ? `outlet ${choice}` : choice;
      chosen.append(element("option", { value: choice, textContent: text, selected: choice === field.default }));
    }
    return chosen;
  }
  const number = field.default !== null && field.default !== "" && !Number.isNaN(Number(field.default));
  const made = element("input", { name: field.name, ariaLabel: label, placeholder: field.name, title: field.name });
  made.size = number ? 4 : 10;
  made.inputMode = number ? "decimal" : "text";
  made.required = field.default === null;
  made.value = field.default ?? (field.name === "tag" ? "CARD-7" : "");
  made.autocomplete = "off";
  made.spellcheck = false;
  return made;
}

/* A command as a button with its fields; `outlet`: the number of the panel that it is in, 0: of none. */
function form(command, outlet) {
  const button = element("button", { textContent: command.label, title: command.help });
  const made = element("form", {}, button);
  const fields = [];
  for (const field of command.fields) {
    if (field.name === "outlet" && (outlet || site.outlets === 1)) {
      fields.push({ value: `${outlet || 1}` });
    } else {
      fields.push(made.appendChild(input(field, command)));
      if (UNITS[field.name]) made.append(element("span", { className: "unit", textContent: UNITS[field.name] }));
    }
  }
  made.classList.toggle("wide", made.children.length > 2 && made.querySelector("input:not([inputmode=decimal])") !== null);
  button.dataset.command = command.name;
  made.addEventListener("submit", (event) => {
    event.preventDefault();
    const words = fields.map((field) => field.value.trim());
    while (words.length && words[words.length - 1] === "") words.pop();
    run(command, words);
  });
  return made;
}

function fill(root, outlet) {
  for (const box of root.querySelectorAll("[data-group]")) {
    for (const command of site.commands) {
      if (command.group === box.dataset.group) box.append(form(command, outlet));
    }
  }
}

const FIGURES = [
  ["Voltage", (one) => `${one.module.v.toFixed(1)} V`],
  ["Current", (one) => `${one.module.a.toFixed(1)} A`],
  ["Power", (one) => `${(one.module.w / 1000).toFixed(2)} kW`],
  ["BMS requests", (one) => `${one.vehicle.request_a} A`],
  ["Temperature", (one) => `${one.module.temperature_c.toFixed(1)} \u00b0C`],
  ["Delivered", (one) => `${one.module.delivered_wh.toFixed(1)} Wh`],
];

function outletPanel(number) {
  const made = byId("outlet").content.cloneNode(true).firstElementChild;
  made.querySelector("h2").textContent = site.outlets > 1 ? `Vehicle at outlet ${number}` : "Vehicle";
  for (const [name] of FIGURES) {
    made.querySelector(".figures").append(element("div", {}, element("dt", { textContent: name }), element("dd")));
  }
  fill(made, number);
  return made;
}

function words(one) {
  const { vehicle, module, bus } = one;
  if (!bus.ok) return "The CAN bus is off";
  if (!vehicle.plugged) return `Unplugged, ${vehicle.pack} battery`;
  const power = `${(module.w / 1000).toFixed(2)} kW`;
  if (module.a > 0.1) return `Plugged in, being charged with ${power}`;
  if (vehicle.full) return "Plugged in, full";
  return vehicle.permits ? "Plugged in, not being charged" : "Plugged in, the BMS does not permit charging";
}

function showOutlet(panel, one) {
  const line = panel.querySelector(".words");
  if (line.textContent !== words(one)) line.textContent = words(one);
  panel.querySelector("progress").value = one.vehicle.soc;
  panel.querySelector(".soc").textContent = `${one.vehicle.soc.toFixed(1)} %`;
  const cells = panel.querySelectorAll(".figures dd");
  FIGURES.forEach(([, text], i) => (cells[i].textContent = text(one)));
  for (const button of panel.querySelectorAll("button")) {
    button.classList.toggle("active", one.active.includes(button.dataset.command));
  }
  panel.querySelector('[data-command="plug"]').classList.toggle("primary", !one.vehicle.plugged);
}

function row(one) {
  const state = one.runs ? "running" : `ended: ${one.reason}`;
  const cells = [one.id, one.outlet, one.card, `${one.wh} Wh`, state];
  return element("tr", {}, ...cells.map((text) => element("td", { textContent: text })));
}

function message(one) {
  const arrow = one.from_charger ? "\u2190" : "\u2192";
  const kind = one.kind === "CALL" ? one.action : `${one.action} ${one.kind === "CALLERROR" ? "error" : "answer"}`;
  const rest = element("span", { className: "quiet", textContent: one.text });
  return element("li", {}, `${one.time} ${arrow} ${kind} `, rest);
}

function showCentral(central) {
  const cards = Object.entries(central.cards).map(([tag, status]) => `${tag} is ${status}`);
  const parts = [
    central.online ? "Online" : "Offline",
    central.connected.length ? `${central.connected.join(", ")} is connected` : "no charger is connected",
    ...cards,
    `other cards are ${central.other_cards}`,
  ];
  byId("central-words").textContent = parts.join(", ");
  byId("transactions-box").hidden = !central.transactions.length;
  byId("transactions").replaceChildren(...central.transactions.map(row).reverse());
  byId("messages").replaceChildren(...central.messages.map(message).reverse());
}

function showGuide(state) {
  const connected = state.central.connected.length > 0;
  const done = {
    "step-setup": connected,
    "step-plug": state.outlets.some((one) => one.vehicle.plugged),
    "step-card": state.central.running.length > 0,
    "step-watch": state.outlets.some((one) => one.module.a > 0.1 || one.vehicle.full),
  };
  for (const [id, yes] of Object.entries(done)) byId(id).classList.toggle("done", yes);
  const next = done["step-plug"] && connected && !done["step-card"];
  document.querySelector('[data-command="card"]').classList.toggle("primary", next);
}

function showState(state) {
  state.outlets.forEach((one, i) => showOutlet(byId("outlets").children[i], one));
  showCentral(state.central);
  showGuide(state);
}

function connection(text, lost) {
  const there = byId("connection");
  if (there.textContent !== text) there.textContent = text;
  there.classList.toggle("lost", lost);
}

/* Copy a value; where the browser does not permit that, select it. */
async function copied(button) {
  try {
    await navigator.clipboard.writeText(button.textContent);
    show(`Copied: ${button.textContent}`, false);
  } catch {
    getSelection().selectAllChildren(button);
  }
}

function showSite() {
  byId("board").textContent = `board ${site.board}`;
  for (const link of document.querySelectorAll("a.charger")) link.href = site.charger;
  byId("charger").hidden = !site.charger;
  byId("guide").hidden = false;
  byId("step-setup").hidden = !Object.keys(site.setup).length;
  byId("step-login").hidden = !site.password;
  byId("password").textContent = site.password;
  for (const [name, value] of Object.entries(site.setup)) {
    const copy = element("button", { type: "button", textContent: value, title: "Copy" });
    copy.addEventListener("click", () => copied(copy));
    byId("setup").append(element("dt", { textContent: name }), element("dd", {}, copy));
  }
  for (let number = 1; number <= site.outlets; number++) byId("outlets").append(outletPanel(number));
  fill(byId("person"), 0);
  fill(byId("central"), 0);
}

async function begin() {
  site = await (await fetch("api/site")).json();
  showSite();
  const events = new EventSource("api/events");
  events.addEventListener("state", (event) => {
    heard = Date.now();
    connection("live", false);
    showState(JSON.parse(event.data));
  });
  setInterval(() => {
    if (Date.now() - heard > TIMEOUT_MS) connection("the simulation has ended", true);
  }, 1000);
}

byId("answer-close").addEventListener("click", () => (byId("answer").hidden = true));
begin().catch(() => connection("the simulation does not answer", true));
