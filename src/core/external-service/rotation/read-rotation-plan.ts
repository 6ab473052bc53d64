import { ServiceError } from '../../error/service-error.js'
import type { OptionReader } from '../../trust/option-reader.js'
import { serviceAddress } from '../service-address.js'
import { secondsOf, type RotationPlan } from './rotation-plan.js'

const longestPath = 2048

/** The plan from the option `rotation`; what is wrong with it is noted. `url` is that of the service. */
export function readRotationPlan(options: OptionReader, url: string): RotationPlan | undefined {
  const plan = options.optionalObject('rotation')
  if (plan === undefined) return undefined
  plan.refuseUnknown(['every', 'check'])
  const every = plan.optionalText('every')
  const check = plan.optionalText('check', longestPath)
  if (every !== undefined && secondsOf(every) === undefined) {
    plan.fault('every', 'is not a number of days or hours, such as 30d or 12h, of 366 days at most')
  }
  const fault = check === undefined ? undefined : pathFault(check, url)
  if (fault !== undefined) plan.fault('check', fault)
  if (every === undefined && check === undefined) return undefined
  return { ...(every === undefined ? {} : { every }), ...(check === undefined ? {} : { check }) }
}

function pathFault(path: string, url: string): string | undefined {
  try {
    serviceAddress({ name: 'the service', url }, path)
    return undefined
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error
    return `is no path of it: ${error.message}`
  }
}
