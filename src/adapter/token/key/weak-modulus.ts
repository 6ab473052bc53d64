/** Small primes whose multiplicative groups tell the moduli of one faulty generator from others. */
const primes = [3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 53, 61, 71, 73, 79, 97, 103, 107, 109, 127, 151, 157]

/** For each prime, the residues that are powers of 65537. */
const fingerprints = primes.map((prime) => ({ prime: BigInt(prime), residues: powersOf(65_537 % prime, prime) }))

/**
 * Whether an RSA modulus has the structure that a faulty chip gave to its primes, by which it can be factored (CVE-2017-15361): modulo
 * each small prime it is a power of 65537. One in some two hundred million sound moduli looks like that, too.
 */
export function isOfWeakFamily(modulus: bigint): boolean {
  return fingerprints.every(({ prime, residues }) => residues.has(modulus % prime))
}

function powersOf(base: number, prime: number): ReadonlySet<bigint> {
  const residues = new Set<bigint>()
  for (let power = 1; !residues.has(BigInt(power)); power = (power * base) % prime) residues.add(BigInt(power))
  return residues
}
