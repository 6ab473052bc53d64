/** Each letter of `letters` beside the Latin one in the same place. */
function readAs(letters: string, latin: string): Readonly<Record<string, string>> {
  return Object.fromEntries(Array.from(letters, (letter, index) => [letter, latin[index] ?? letter]))
}

/** 26 letters from this code point on, in the order of the alphabet. */
function alphabetFrom(first: number): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Array.from('abcdefghijklmnopqrstuvwxyz', (latin, index) => [String.fromCodePoint(first + index), latin]),
  )
}

/**
 * Letters of other alphabets, figures and signs, in lower case and without what the compatibility decomposition takes apart, that are
 * read as Latin letters (Unicode Technical Standard 39, the common part of its table).
 */
export const latinLetters: Readonly<Record<string, string>> = {
  // Cyrillic, Greek, Armenian, Coptic, Cherokee, Lisu, Canadian syllabics.
  ...readAs('асеһіјӏорԛѕԝхуԁɡпгтвкмнз', 'acehijlopqswxydgnrtbkmh3'),
  ...readAs('αβγεικνορτυχωης', 'abyeikvoptuxwnc'),
  ...readAs('օսոհցք', 'ounhgp'),
  ...readAs('ⲁⲃⲉⲍⲏⲓⲕⲙⲛⲟⲣⲥⲧⲩⲭ', 'abezhikmnopctyx'),
  ...readAs('ꭰꭱꭲꭺꭻꭼꮃꮇꮋꮤꮪꮮꮯꮲꮶᏼꮓꮩꮢꮖꮜ', 'drtajewmhwslcpkbzvrlu'),
  ...readAs('ꓮꓐꓚꓓꓰꓝꓖꓧꓲꓙꓗꓡꓟꓠꓳꓑꓣꓢꓔꓴꓦꓪꓫꓬꓜ', 'abcdefghijklmnoprstuvwxyz'),
  ...readAs('ᗩᗷᑕᗪᕮᖴᕼᒍᒪᗰᑎᑭᑫᖇᔕᑌᐯᗯ᙭', 'abcdefhjlmnpqrsuvwx'),
  // Small capitals, and letters in shapes of their own.
  ...readAs('ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘꞯʀꜱᴛᴜᴠᴡʏᴢ', 'abcdefghijklmnopqrstuvwyz'),
  ...readAs('ıłøđħɑɩƒɐɔǝʇʌʍǀɭƈɗᴐⅼ', 'llodhalfacetvwllcdcl'),
  // Letters in filled circles and squares, and those that flags are made of.
  ...alphabetFrom(0x1f150),
  ...alphabetFrom(0x1f170),
  ...alphabetFrom(0x1f1e6),
  // Figures and signs. An i is as good as an l.
  ...readAs('|!¡i102345789$@€£¢¥', 'lllllozeastbgsaelcy'),
}
