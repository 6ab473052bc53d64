const spelled = 'Spell the form out with @Matches, or keep the rule in a custom validator and say it in @Describe'
const listed = 'List the values with @IsIn, or keep the rule in a custom validator and say it in @Describe'
const custom = 'Keep the rule in a custom validator and say it in @Describe'

/**
 * The decorators of class-validator that JSON Schema cannot state, each with what to write instead. What is listed is
 * what is enforced, so they stop the start; a custom validator of the developer's own is a deliberate extra check.
 */
export const validatorsWithoutForm: ReadonlyMap<string, string> = new Map(
  [
    ['isEmpty', '@IsEmpty', 'Leave the property out of the class'],
    ['isInstance', '@IsInstance', 'Use @ValidateNested() with @Type(() => TheClass)'],
    ['minDate', '@MinDate', custom],
    ['maxDate', '@MaxDate', custom],
    ['isLatLong', '@IsLatLong', 'Take two numbers with @Min and @Max'],
    ['isLatitude', '@IsLatitude', 'Use @IsNumber() @Min(-90) @Max(90)'],
    ['isLongitude', '@IsLongitude', 'Use @IsNumber() @Min(-180) @Max(180)'],
    ['isByteLength', '@IsByteLength', 'Use @MaxLength, which counts characters'],
    ['isJson', '@IsJSON', 'Take the object itself with @IsObject() or a nested class'],
    ['isPort', '@IsPort', 'Use @IsInt() @Min(0) @Max(65535)'],
    ['isPhoneNumber', '@IsPhoneNumber', 'Use @Matches(/^\\+[1-9]\\d{6,14}$/)'],
    ['isMobilePhone', '@IsMobilePhone', 'Use @Matches(/^\\+[1-9]\\d{6,14}$/)'],
    ['isUppercase', '@IsUppercase', 'Use @Matches(/^[^a-z]*$/)'],
    ['isLowercase', '@IsLowercase', 'Use @Matches(/^[^A-Z]*$/)'],
    ['isTimeZone', '@IsTimeZone', listed],
    ['isISO31661Alpha2', '@IsISO31661Alpha2', listed],
    ['isISO31661Alpha3', '@IsISO31661Alpha3', listed],
    ['isISO31661Numeric', '@IsISO31661Numeric', listed],
    ['isISO4217CurrencyCode', '@IsISO4217CurrencyCode', listed],
    ['isISO6391', '@IsISO6391', listed],
    ['isBIC', '@IsBIC', spelled],
    ['isBtcAddress', '@IsBtcAddress', spelled],
    ['isCreditCard', '@IsCreditCard', spelled],
    ['isCurrency', '@IsCurrency', spelled],
    ['isDataURI', '@IsDataURI', spelled],
    ['isDecimal', '@IsDecimal', 'Take a number with @IsNumber(), or use @Matches'],
    ['isEAN', '@IsEAN', spelled],
    ['isFullWidth', '@IsFullWidth', spelled],
    ['isHSL', '@IsHSL', spelled],
    ['isHalfWidth', '@IsHalfWidth', spelled],
    ['isIBAN', '@IsIBAN', spelled],
    ['isIdentityCard', '@IsIdentityCard', spelled],
    ['isIsbn', '@IsISBN', spelled],
    ['isIsin', '@IsISIN', spelled],
    ['isISSN', '@IsISSN', spelled],
    ['isLocale', '@IsLocale', spelled],
    ['isMacAddress', '@IsMACAddress', spelled],
    ['isMagnetURI', '@IsMagnetURI', spelled],
    ['isMimeType', '@IsMimeType', spelled],
    ['isPassportNumber', '@IsPassportNumber', spelled],
    ['isPostalCode', '@IsPostalCode', spelled],
    ['isRgbColor', '@IsRgbColor', spelled],
    ['isSemVer', '@IsSemVer', spelled],
    ['isStrongPassword', '@IsStrongPassword', spelled],
    ['isSurrogatePair', '@IsSurrogatePair', spelled],
    ['isTaxId', '@IsTaxId', spelled],
    ['isVariableWidth', '@IsVariableWidth', spelled],
  ].map(([name, decorator, remedy]) => [name ?? '', `${decorator} has no exact JSON Schema form. ${remedy}`]),
)
