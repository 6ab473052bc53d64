import { Describe } from 'authsec'
import { IsIn, IsNumber } from 'class-validator'

export class CalculatorInput {
  @Describe('What to do with the two numbers')
  @IsIn(['add', 'subtract', 'multiply', 'divide'])
  operation!: 'add' | 'subtract' | 'multiply' | 'divide'

  @Describe('The first number')
  @IsNumber()
  a!: number

  @Describe('The second number')
  @IsNumber()
  b!: number
}
