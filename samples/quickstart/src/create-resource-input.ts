import { Describe } from 'authsec'
import { IsString, MaxLength, MinLength } from 'class-validator'

export class CreateResourceInput {
  @Describe('What to call the new resource')
  @IsString()
  @MinLength(1)
  @MaxLength(100)
  name!: string
}
