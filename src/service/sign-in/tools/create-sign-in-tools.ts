import type { Operation } from '../../../core/operation/operation.js'
import { authenticateTool } from './authenticate-tool.js'
import { logoutTool } from './logout-tool.js'
import { signInOperation } from './sign-in-operation.js'
import type { SignInToolsOptions } from './sign-in-tools-options.js'
import { startTool } from './start-tool.js'
import { statusTool } from './status-tool.js'
import { userInfoTool } from './user-info-tool.js'

/** The five tools that sign a session in and out, in the order in which they are listed. */
export function createSignInTools(options: SignInToolsOptions): readonly Operation[] {
  const tools = [
    startTool(options),
    authenticateTool(options),
    statusTool(options),
    logoutTool(options),
    userInfoTool(),
  ]
  return tools.map(signInOperation)
}
