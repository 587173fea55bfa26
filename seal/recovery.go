package seal

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
)

const (
	alphabet     = "0123456789abcdefghjkmnpqrstvwxyz"
	groups       = 8
	groupData    = 7
	groupSymbols = groupData + 1
	keySymbols   = groups * groupSymbols
	keyVersion   = 1
	payloadBytes = groups * groupData * 5 / 8 // version, key, checksum
	keyLabel     = "bakfs/v1 recovery key"
)

// RecoveryKey is the one secret of a repository: whoever has it reads everything and can enrol devices. The zero
// value holds no key; using it panics.
type RecoveryKey struct {
	secret[[32]byte]
}

// NewRecoveryKey returns a fresh random key.
func NewRecoveryKey() RecoveryKey {
	k := RecoveryKey{hide(new([32]byte))}
	rand.Read(k.get()[:])
	return k
}

// KeyError says why a text is not a recovery key and where to look. It holds nothing of the key.
type KeyError struct {
	Group  int // 1 to 8: the first group to look at; 0: not one group
	Reason string
}

// Error names the group and the reason.
func (e *KeyError) Error() string {
	if e.Group == 0 {
		return "recovery key: " + e.Reason
	}
	return fmt.Sprintf("recovery key: group %d: %s", e.Group, e.Reason)
}

// Text returns the key as people see it: 8 groups of 8 characters with blanks between them, 71 bytes. The caller
// clears it after use.
func (k RecoveryKey) Text() []byte {
	payload := k.payload()
	defer clear(payload[:])
	return spell(&payload)
}

// spell writes a payload as groups with their check symbols.
func spell(payload *[payloadBytes]byte) []byte {
	text := make([]byte, 0, keySymbols+groups-1)
	bits, have, next := uint32(0), 0, 0
	for g := range groups {
		if g > 0 {
			text = append(text, ' ')
		}
		sum := byte(g + 1)
		for i := range groupData {
			if have < 5 {
				bits, have, next = bits<<8|uint32(payload[next]), have+8, next+1
			}
			have -= 5
			s := byte(bits>>have) & 31
			sum ^= multiply(power(i), s)
			text = append(text, alphabet[s])
		}
		// The check symbol's weight is α⁷; its inverse is α²⁴, since α has order 31.
		text = append(text, alphabet[multiply(power(31-groupData), sum)])
	}
	return text
}

// payload returns what the data symbols spell: version, key and checksum.
func (k RecoveryKey) payload() [payloadBytes]byte {
	var p [payloadBytes]byte
	p[0] = keyVersion
	copy(p[1:], k.get()[:])
	sum := keyChecksum(p[:33])
	copy(p[33:], sum[:])
	return p
}

// keyChecksum is the checksum over version and key.
func keyChecksum(b []byte) (sum [2]byte) {
	h := sha256.New()
	h.Write([]byte(keyLabel + "\x00"))
	h.Write(b)
	full := h.Sum(nil)
	copy(sum[:], full)
	return sum
}

// ParseRecoveryKey reads a key as people type it: case, blanks, line ends and hyphens do not matter, o is read as
// 0, i and l as 1. Any error is a *KeyError. The text is not kept.
func ParseRecoveryKey(text []byte) (RecoveryKey, error) {
	var symbols [keySymbols]byte
	defer clear(symbols[:])
	n := 0
	for _, c := range text {
		if c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '-' {
			continue
		}
		s := symbolOf(c)
		if s > 31 {
			return RecoveryKey{}, &KeyError{groupAt(n), "a character that no recovery key has"}
		}
		if n < keySymbols {
			symbols[n] = s
		}
		n++
	}
	if err := checkSymbols(symbols[:min(n, keySymbols)], n); err != nil {
		return RecoveryKey{}, err
	}
	var payload [payloadBytes]byte
	defer clear(payload[:])
	packSymbols(&payload, &symbols)
	sum := keyChecksum(payload[:33])
	if subtle.ConstantTimeCompare(sum[:], payload[33:]) != 1 {
		return RecoveryKey{}, &KeyError{0, "the checksum does not match: more than one character is wrong"}
	}
	// After the checksum, so that a typing error is never taken for a newer version.
	if payload[0] != keyVersion {
		return RecoveryKey{}, &KeyError{0, fmt.Sprintf("version %d is not known, use a newer bakfs", payload[0])}
	}
	k := RecoveryKey{hide(new([32]byte))}
	copy(k.get()[:], payload[1:])
	return k, nil
}

// groupAt returns the group of the n-th symbol, or 0 behind the last.
func groupAt(n int) int {
	if n >= keySymbols {
		return 0
	}
	return n/groupSymbols + 1
}

// checkSymbols checks the number of symbols and every group's sum. n counts all symbols of the text. A missing or
// doubled character shifts all that follow it, so the first wrong group is the one to look at.
func checkSymbols(symbols []byte, n int) error {
	var wrong []int
	for g := range len(symbols) / groupSymbols {
		if !groupHolds(symbols[g*groupSymbols:][:groupSymbols], g) {
			wrong = append(wrong, g+1)
		}
	}
	if n != keySymbols {
		e := &KeyError{groupAt(n), fmt.Sprintf("%d characters instead of %d", n, keySymbols)}
		if len(wrong) > 0 {
			e.Group = wrong[0]
		}
		if n == 0 {
			e = &KeyError{0, "it is empty"}
		}
		return e
	}
	switch len(wrong) {
	case 0:
		return nil
	case 1:
		return &KeyError{wrong[0], "a character is wrong or two are swapped"}
	case 2:
		return &KeyError{wrong[0], fmt.Sprintf("it and group %d are wrong or swapped", wrong[1])}
	}
	return &KeyError{wrong[0], fmt.Sprintf("it and %d more groups are wrong", len(wrong)-1)}
}

// groupHolds checks the weighted sum of a group, counted from 0.
func groupHolds(group []byte, g int) bool {
	sum := byte(0)
	for i, s := range group {
		sum ^= multiply(power(i), s)
	}
	return sum == byte(g+1)
}

// packSymbols joins the data symbols to bytes.
func packSymbols(payload *[payloadBytes]byte, symbols *[keySymbols]byte) {
	bits, have, next := uint32(0), 0, 0
	for i, s := range symbols {
		if i%groupSymbols == groupData {
			continue
		}
		bits, have = bits<<5|uint32(s), have+5
		if have >= 8 {
			have -= 8
			payload[next] = byte(bits >> have)
			next++
		}
	}
}

// symbolOf returns the value of a character, or 255.
func symbolOf(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		c += 'a' - 'A'
	}
	switch c {
	case 'o':
		c = '0'
	case 'i', 'l':
		c = '1'
	}
	for s := range len(alphabet) {
		if alphabet[s] == c {
			return byte(s)
		}
	}
	return 255
}

// multiply multiplies in GF(32) = GF(2)[x]/(x⁵+x²+1).
func multiply(a, b byte) byte {
	product := byte(0)
	for range 5 {
		product ^= a & -(b & 1)
		b >>= 1
		a = a<<1 ^ 0x25&-(a>>4&1)
	}
	return product & 31
}

// power returns αⁿ for α = x.
func power(n int) byte {
	p := byte(1)
	for range n {
		p = multiply(p, 2)
	}
	return p
}
