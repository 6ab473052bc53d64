import { html as js, type Html } from '../../adapter/issuer/page/html.js'

/** What makes the page react. It reads what the markup says, and nothing from outside is ever part of it. */
export const pageScript: Html = js`
'use strict'
const find = (selector) => document.querySelector(selector)
const findAll = (selector) => [...document.querySelectorAll(selector)]
const area = find('.picture')
const svg = find('.picture svg')
const search = find('#search')
const status = find('#status')
const nodes = new Map(findAll('.picture .node').map((node) => [node.dataset.node, node]))
const edges = findAll('.picture .edge')
const rows = findAll('[data-row]')
const none = findAll('.none')[0]
const before = new Map()
const after = new Map()
const put = (map, key, value) => map.set(key, [...(map.get(key) ?? []), value])
for (const { dataset } of edges) {
  put(before, dataset.to, dataset.from)
  put(after, dataset.from, dataset.to)
}

const state = { selected: undefined, pointed: undefined, query: '' }

const reach = (start, next) => {
  const reached = new Set(start)
  for (const id of reached) for (const other of next.get(id) ?? []) reached.add(other)
  return reached
}

const matches = () =>
  [...nodes].filter(([, { dataset }]) => dataset.search?.toLowerCase().includes(state.query)).map(([id]) => id)

const steady = () => {
  if (state.selected !== undefined) return [state.selected]
  return state.query === '' ? undefined : matches()
}

const light = (start) => {
  const up = reach(start ?? [], before)
  const down = reach(start ?? [], after)
  svg.classList.toggle('dimmed', start !== undefined)
  for (const [id, node] of nodes) {
    node.classList.toggle('lit', up.has(id) || down.has(id))
    node.classList.toggle('found', start !== undefined && start.includes(id))
  }
  for (const edge of edges) {
    const { from, to } = edge.dataset
    edge.classList.toggle('lit', (up.has(from) && up.has(to)) || (down.has(from) && down.has(to)))
  }
  return new Set([...up, ...down])
}

const told = (start) => {
  if (start === undefined) return 'Select a node to see what it is connected with. Escape shows everything again.'
  if (state.selected !== undefined) return textOf(nodes.get(state.selected))
  return start.length === 0 ? 'Nothing is called that.' : start.length + (start.length === 1 ? ' match' : ' matches')
}

const textOf = (node) => node.firstElementChild.textContent

const show = () => light(state.pointed === undefined ? steady() : [state.pointed])

const settle = () => {
  const start = steady()
  const reached = light(start)
  for (const row of rows) row.hidden = start !== undefined && !reached.has(row.dataset.row)
  if (none) none.hidden = rows.some((row) => !row.hidden)
  for (const [id, node] of nodes) node.setAttribute('aria-pressed', String(id === state.selected))
  status.textContent = told(start)
  show()
}

const select = (id) => {
  state.selected = state.selected === id ? undefined : id
  settle()
}

const clear = () => {
  search.value = ''
  Object.assign(state, { selected: undefined, pointed: undefined, query: '' })
  settle()
}

// One node at a time can be reached by Tab; the arrows go on from there.
const middle = (node) => {
  const { top, height } = node.getBoundingClientRect()
  return top + height / 2
}
const order = [...nodes].sort(([, one], [, other]) => middle(one) - middle(other))
const columnOf = (node) => node.classList[1]
const enter = (node) => {
  for (const [, other] of nodes) other.setAttribute('tabindex', other === node ? '0' : '-1')
}
const nearest = (node, ids) => {
  const from = middle(node)
  const away = (id) => Math.abs(middle(nodes.get(id)) - from)
  return [...(ids ?? [])].sort((one, other) => away(one) - away(other))[0]
}
const beside = (node, key) => {
  const id = node.dataset.node
  if (key === 'ArrowLeft') return nearest(node, before.get(id))
  if (key === 'ArrowRight') return nearest(node, after.get(id))
  const column = order.filter(([, other]) => columnOf(other) === columnOf(node)).map(([other]) => other)
  if (key === 'Home') return column[0]
  if (key === 'End') return column.at(-1)
  return column[column.indexOf(id) + (key === 'ArrowUp' ? -1 : 1)]
}
const press = (event, node) => {
  if (event.altKey || event.ctrlKey || event.metaKey) return
  if (event.key === 'Enter' || event.key === ' ') {
    event.preventDefault()
    select(node.dataset.node)
  } else if (/^(Arrow(Left|Right|Up|Down)|Home|End)$/.test(event.key)) {
    event.preventDefault()
    const next = nodes.get(beside(node, event.key))
    if (next === undefined) return
    enter(next)
    next.focus({ preventScroll: true })
    next.scrollIntoView({ block: 'nearest', inline: 'nearest' })
  }
}

const point = (id) => {
  state.pointed = id
  show()
}
for (const [id, node] of nodes) {
  node.setAttribute('role', 'button')
  node.setAttribute('aria-label', [...node.querySelectorAll('text')].map((text) => text.textContent).join(' '))
  node.setAttribute('aria-description', textOf(node))
  // Not pointerenter: that also happens where the picture moves under a mouse that rests.
  node.addEventListener('pointermove', ({ pointerType }) => {
    if (pointerType === 'mouse' && state.pointed !== id) point(id)
  })
  node.addEventListener('pointerleave', () => point(undefined))
  node.addEventListener('focus', () => {
    enter(node)
    if (node.matches(':focus-visible')) point(id)
  })
  node.addEventListener('blur', () => point(undefined))
  node.addEventListener('keydown', (event) => press(event, node))
}
if (order[0] !== undefined) enter(order[0][1])

area.addEventListener('click', (event) => {
  const id = event.target.closest('.node')?.dataset.node
  if (id !== undefined || state.selected !== undefined) select(id ?? state.selected)
})
search.addEventListener('input', () => {
  state.query = search.value.trim().toLowerCase()
  state.selected = undefined
  settle()
  const [first] = state.query === '' ? [] : matches()
  if (first !== undefined) reveal(nodes.get(first))
})
document.addEventListener('keydown', (event) => {
  if (event.key === 'Escape') clear()
})

const { width, height } = svg.viewBox.baseVal
let scale = 1
const resize = (wanted) => {
  const x = (area.scrollLeft + area.clientWidth / 2) / scale
  const y = (area.scrollTop + area.clientHeight / 2) / scale
  scale = Math.min(2, Math.max(0.1, wanted))
  svg.setAttribute('width', String(Math.floor(width * scale)))
  svg.setAttribute('height', String(Math.floor(height * scale)))
  area.scrollLeft = x * scale - area.clientWidth / 2
  area.scrollTop = y * scale - area.clientHeight / 2
}
const reveal = (node) => {
  const box = node.getBoundingClientRect()
  const frame = area.getBoundingClientRect()
  area.scrollLeft += box.left + box.width / 2 - frame.left - frame.width / 2
  area.scrollTop += box.top + box.height / 2 - frame.top - frame.height / 2
}
find('#smaller').addEventListener('click', () => resize(scale / 1.25))
find('#larger').addEventListener('click', () => resize(scale * 1.25))
find('#fit').addEventListener('click', () => resize(Math.min(area.clientWidth / width, area.clientHeight / height)))
area.addEventListener(
  'wheel',
  (event) => {
    if (!event.ctrlKey && !event.metaKey) return
    event.preventDefault()
    resize(scale * (event.deltaY < 0 ? 1.1 : 1 / 1.1))
  },
  { passive: false },
)
resize(Math.min(1, Math.max(0.8, area.clientWidth / width)))
area.scrollTo(0, 0)
settle()
`
