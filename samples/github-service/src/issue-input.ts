import { Describe } from 'authsec'
import { IsOptional, IsString, Matches, MaxLength, MinLength } from 'class-validator'

export class IssueInput {
  @Describe('Whose repository, such as octocat')
  @Matches(/^[\w-]+$/)
  owner!: string

  @Describe('Which one, such as hello-world')
  @Matches(/^[\w-][\w.-]*$/)
  repository!: string

  @Describe('What it is about, in one line')
  @IsString()
  @MinLength(1)
  @MaxLength(200)
  title!: string

  @Describe('The rest, in Markdown')
  @IsOptional()
  @IsString()
  @MaxLength(10_000)
  body?: string
}
