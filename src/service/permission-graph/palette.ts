import type { GrantNode, RequirementNode } from './picture-node.js'

/** Colours of one kind of node. Ink on fill has a contrast of at least 7 : 1, lines of at least 3 : 1. */
export interface Colours {
  readonly fill: string
  readonly line: string
  readonly ink: string
}

/** What the reader prefers. */
export type Theme = 'light' | 'dark'

/** What nodes and edges are told apart by. */
export type Tone = GrantNode['kind'] | 'part' | 'open' | 'shut' | 'operation'

/** Colours of everything but nodes. */
export interface Surface {
  readonly page: string
  readonly column: string
  readonly ink: string
  readonly soft: string
  readonly danger: string
}

/** Text on any of them has a contrast of at least 4.5 : 1. */
export const surfaces: Readonly<Record<Theme, Surface>> = {
  light: { page: '#ffffff', column: '#f5f6f9', ink: '#181b24', soft: '#555c6d', danger: '#a3141f' },
  dark: { page: '#15171e', column: '#1b1e27', ink: '#e9ebf1', soft: '#a3abbd', danger: '#ff9aa2' },
}

/** The colours of each tone. */
export const tones: Readonly<Record<Theme, Readonly<Record<Tone, Colours>>>> = {
  light: {
    roles: { fill: '#e9ecff', line: '#5b6ee8', ink: '#2a348f' },
    groups: { fill: '#d9f3f0', line: '#1f8a80', ink: '#0b4f49' },
    scopes: { fill: '#fdeecb', line: '#b27908', ink: '#663f00' },
    resources: { fill: '#fde4ec', line: '#d0466f', ink: '#85193f' },
    permissions: { fill: '#dff3e1', line: '#33903f', ink: '#154d1f' },
    policies: { fill: '#f1e5fd', line: '#9350d2', ink: '#571f8c' },
    part: { fill: '#ffffff', line: '#7d869a', ink: '#2b3244' },
    open: { fill: '#2b3244', line: '#2b3244', ink: '#ffffff' },
    shut: { fill: '#fdecee', line: '#a3141f', ink: '#8a0f19' },
    operation: { fill: '#ffffff', line: '#7f889c', ink: '#181b24' },
  },
  dark: {
    roles: { fill: '#232a57', line: '#7c8cf7', ink: '#d3d9ff' },
    groups: { fill: '#103834', line: '#3fb8ad', ink: '#b5efe9' },
    scopes: { fill: '#3b2b0c', line: '#d79b2c', ink: '#ffdfa6' },
    resources: { fill: '#421a2a', line: '#e2678f', ink: '#ffcfde' },
    permissions: { fill: '#17371c', line: '#4fb35c', ink: '#c0f0c6' },
    policies: { fill: '#321d48', line: '#ab6ee3', ink: '#e8d4ff' },
    part: { fill: '#262b38', line: '#7f8aa1', ink: '#dfe4ee' },
    open: { fill: '#dfe4ee', line: '#dfe4ee', ink: '#181b24' },
    shut: { fill: '#3a1a20', line: '#ff9aa2', ink: '#ffc4c9' },
    operation: { fill: '#20242f', line: '#6f7a91', ink: '#e9ebf1' },
  },
}

/** What a requirement looks like: open to many, a part to put together, or shut. */
export function toneOf(kind: RequirementNode['kind']): Tone {
  switch (kind) {
    case 'public':
    case 'login':
    case 'authenticated':
      return 'open'
    case 'nobody':
      return 'shut'
    case 'allOf':
    case 'anyOf':
    case 'alone':
    case 'not':
      return 'part'
  }
}
