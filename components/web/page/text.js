// Languages, numbers and times. The texts of the page are its English ones: languages.json has the others for them.

const LOCALES = {en: "English", de: "Deutsch", hi: "हिन्दी"}

function kept(name) {
  try { return localStorage.getItem(name) } catch (e) { return null }
}

function keep(name, value) {
  try { localStorage.setItem(name, value) } catch (e) { /* a private window keeps nothing */ }
}

const preferred = navigator.languages || [navigator.language]
let language = [kept("language"), ...preferred].map(one => (one || "").slice(0, 2)).find(one => one in LOCALES) || "en"

// The language as it is written where the reader lives: what numbers and times look like.
const locale = () => preferred.find(one => one.slice(0, 2) === language) || language

// TEXTS, the rows of languages.json, is put before this by tools/webpage.py.
const translated = new Map(TEXTS.map(row => [row[0], row]))

// A text in the language of the page, with the values for {0}, {1} ...
function t(text, ...values) {
  const row = translated.get(text)
  const found = row ? row[Object.keys(LOCALES).indexOf(language)] : String(text)
  return found.replace(/\{(\d)\}/g, (_, n) => values[n])
}

// A text of the charger: it may have a reason after a colon, which is a text of its own.
const words = text => t(text) === text ? text.split(": ").map(part => t(part)).join(": ") : t(text)

// A number with so many decimals, and its unit; a dash for what is not known.
function number(value, decimals, unit) {
  if (typeof value !== "number") return "–"
  const digits = {minimumFractionDigits: decimals, maximumFractionDigits: decimals}
  return value.toLocaleString(locale(), digits) + (unit ? "\u00a0" + unit : "")
}

function scaled(value, divisor, decimals, unit) {
  return number(typeof value === "number" ? value / divisor : value, decimals, unit)
}

const clock = ms => new Date(ms).toLocaleTimeString(locale(), {hour: "2-digit", minute: "2-digit", second: "2-digit"})

function moment(value) {
  const date = new Date(value)
  if (value === null || value === undefined || isNaN(date)) return "–"
  return date.toLocaleString(locale(), {dateStyle: "medium", timeStyle: "short"})
}

function duration(ms) {
  if (typeof ms !== "number") return "–"
  const s = Math.max(0, Math.round(ms / 1000))
  const two = n => String(n).padStart(2, "0")
  return Math.floor(s / 3600) + ":" + two(Math.floor(s / 60) % 60) + ":" + two(s % 60)
}
