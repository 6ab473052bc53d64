import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { BrowserJar, Shown } from './browser-jar.js'
import { DocumentSite } from './document-site.js'
import type { QuickstartUser } from './expected-access.js'
import { HeadlessUser } from './headless-user.js'
import { mintFromHome } from './mint-tokens.js'
import { startServerProcess, temporaryHome, type ServerProcess, type TemporaryHome } from './server-process.js'

/** The built quickstart as a process of its own, and a site where clients publish what they are. */
export class ClientsBench {
  readonly server: ServerProcess
  readonly site: DocumentSite
  /** The certificate of whoever vouches for the site, as a file. */
  readonly authority: string
  readonly #home: TemporaryHome

  private constructor(home: TemporaryHome, server: ServerProcess, site: DocumentSite) {
    this.#home = home
    this.server = server
    this.site = site
    this.authority = authorityIn(home)
  }

  static async start(): Promise<ClientsBench> {
    const [home, site] = [await temporaryHome(), await DocumentSite.start('localhost')]
    await writeFile(authorityIn(home), site.authority)
    const env = { NODE_EXTRA_CA_CERTS: authorityIn(home) }
    return new ClientsBench(home, await startServerProcess({ home: home.path, env }), site)
  }

  user(email: QuickstartUser): HeadlessUser {
    return new HeadlessUser((jar, url) => this.signIn(jar, url, email))
  }

  async signIn(jar: BrowserJar, url: URL, email: QuickstartUser): Promise<Shown> {
    const page = await jar.open(url)
    if (!page.html.includes('name="password"')) return page
    const account = (await this.#home.accounts()).find((one) => one.email === email)
    return jar.press(page, 'sign-in', { fields: { ...account } })
  }

  /** A token of this user for the path where clients sign in that has ended. */
  async endedToken(email: QuickstartUser): Promise<string> {
    const options = { audience: this.server.oauthUrl, emails: [email], ageSeconds: 7_200 }
    return (await mintFromHome(this.#home.path, options)).get(email) ?? ''
  }

  /** Publishes a client that is answered there; answers with its id. */
  publish(path: string, redirectUri: string): string {
    return this.site.publish('localhost', path, {
      ...{ client_name: 'Published', redirect_uris: [redirectUri], token_endpoint_auth_method: 'none' },
    })
  }

  async close(): Promise<void> {
    await this.server.stop()
    await this.site.close()
    await this.#home.remove()
  }
}

function authorityIn(home: TemporaryHome): string {
  return join(home.path, 'authority.pem')
}
