// Finding and making elements. Everything that changes at run time goes through properties and CSSOM: the page's
// Content-Security-Policy allows no inline style and no markup from strings is parsed anywhere.

const SVG = 'http://www.w3.org/2000/svg'

/**
 * Finds an element that index.html promises; says which one is missing.
 * @param {string} id
 */
export function byId(id) {
  const element = document.getElementById(id)
  if (!element) throw new Error(`index.html has no element with id "${id}"`)
  return element
}

/**
 * What an element is made with: its attributes, and under `text` its text.
 * @typedef {Record<string, string | number | null | undefined> & { text?: string }} Furnishing
 */

/**
 * Makes an HTML element: attributes by name, `text` for its text, then children.
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Furnishing} [furnishing]
 * @param {Node[]} children
 */
export function create(tag, { text, ...attributes } = {}, ...children) {
  const element = document.createElement(tag)
  return furnish(element, text, attributes, children)
}

/**
 * Makes an SVG element in the same manner.
 * @template {keyof SVGElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Furnishing} [furnishing]
 * @param {Node[]} children
 */
export function createSvg(tag, { text, ...attributes } = {}, ...children) {
  const element = document.createElementNS(SVG, tag)
  return furnish(element, text, attributes, children)
}

/**
 * @template {Element} T
 * @param {T} element
 * @param {string | undefined} text
 * @param {Record<string, string | number | null | undefined>} attributes
 * @param {Node[]} children
 */
function furnish(element, text, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== null) element.setAttribute(name, String(value))
  }
  if (text !== undefined) element.textContent = text
  element.append(...children)
  return element
}

/**
 * Sets an element's text only when it differs, so that live regions and layout are left in peace.
 * @param {Element} element
 * @param {string} text
 */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text
}
