/** What one process tells the others about sessions. Sessions and sign-ins go by their digests, of which nobody can make an id. */
export type SessionNotice =
  /** It has ended, or it is not what it was: look at it. */
  | { readonly about: 'session'; readonly digest: string }
  /** It has ended, or may have: look at whoever goes by it. */
  | { readonly about: 'sign-in'; readonly key: string }
  /** The authorization grant of this digest has ended. */
  | { readonly about: 'grant'; readonly key: string }
  /** An issuer has said that this is over: one session there, or all that the subject had until now. */
  | {
      readonly about: 'logout'
      readonly issuer: string
      readonly subject: string | undefined
      readonly sessionId: string | undefined
    }
  /** The keys that sign tokens are not what they were: what an earlier one has signed may be over. */
  | { readonly about: 'keys' }
  /** Any session may have ended: look at all of them. */
  | { readonly about: 'everything' }
  /** The client has cancelled one of its requests; where it runs is not known to whoever was told. */
  | { readonly about: 'cancelled'; readonly digest: string; readonly request: string | number }
  /** The client has answered a question that was asked elsewhere. */
  | { readonly about: 'answer'; readonly digest: string; readonly question: string; readonly answer: unknown }

/**
 * How processes tell each other about sessions, at once. Nobody is let in or kept out by a notice: the store decides, and whoever
 * does not hear one looks by itself, two seconds late at most. Only what a client says to a request of its own goes by notices alone.
 */
export interface SessionFeed {
  /** Whether notices of other processes are known to arrive here. */
  readonly alive: boolean
  /** Tells every process, this one included. Never throws; `false` where the others could not be told, or it is too long to be told. */
  publish(notice: SessionNotice): Promise<boolean>
  /** The same for several, in one step. */
  publishAll(notices: readonly SessionNotice[]): Promise<boolean>
  /** Calls `hear` with each notice, and with `everything` where some may have been missed; answers with the way to stop that. */
  subscribe(hear: (notice: SessionNotice) => void): () => void
}
