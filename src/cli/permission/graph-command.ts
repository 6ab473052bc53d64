import { extname } from 'node:path'
import { InvalidArgumentError, type Command } from 'commander'
import { pictureOf, type Picture } from '../../service/permission-graph/picture.js'
import { renderMermaid } from '../../service/permission-graph/render-mermaid.js'
import { renderPage } from '../../service/permission-graph/render-page.js'
import { renderSvg } from '../../service/permission-graph/render-svg.js'
import { appCommand, type AppFlags } from '../app/app-command.js'
import { withApp } from '../app/with-app.js'

const renderers: ReadonlyMap<string, (picture: Picture) => string> = new Map([
  ['.svg', renderSvg],
  ['.html', renderPage],
  ['.mmd', renderMermaid],
])

interface GraphFlags extends AppFlags {
  readonly out: Drawing
}

interface Drawing {
  readonly path: string
  readonly render: (picture: Picture) => string
}

/** `authsec graph`: a picture of which grants lead to which tools. */
export function graphCommand(): Command {
  return appCommand('graph')
    .description('Draws which grants lead to which tools')
    .requiredOption('--out <file>', 'a picture (.svg), a page (.html) or a diagram for Mermaid (.mmd)', readDrawing)
    .action(async ({ app: named, out }: GraphFlags) =>
      withApp(named, async ({ app }) => ({
        text: out.render(pictureOf(app.catalogue.permissions, app.name)),
        out: out.path,
      })),
    )
}

function readDrawing(path: string): Drawing {
  const render = renderers.get(extname(path).toLowerCase())
  if (render === undefined) throw new InvalidArgumentError(`It ends in ${[...renderers.keys()].join(', ')}.`)
  return { path, render }
}
