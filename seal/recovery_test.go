package seal

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"strings"
	"testing"
)

// keyFrom makes a recovery key from a generator, so that tests repeat.
func keyFrom(r *rand.Rand) RecoveryKey {
	k := RecoveryKey{hide(new([32]byte))}
	for i := range k.get() {
		k.get()[i] = byte(r.Uint32())
	}
	return k
}

func random(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 1)) }

// symbolsOf returns the 64 characters without blanks.
func symbolsOf(k RecoveryKey) []byte { return bytes.ReplaceAll(k.Text(), []byte(" "), nil) }

// mustFail parses a text that is wrong and returns why.
func mustFail(t *testing.T, text []byte) *KeyError {
	t.Helper()
	_, err := ParseRecoveryKey(text)
	var e *KeyError
	if !errors.As(err, &e) {
		t.Fatalf("%q: error is %v, want a *KeyError", text, err)
	}
	return e
}

func TestRecoveryKeyComesBack(t *testing.T) {
	r := random(1)
	for range 500 {
		k := keyFrom(r)
		text := k.Text()
		if len(text) != 71 || len(strings.Fields(string(text))) != 8 {
			t.Fatalf("text is %q", text)
		}
		back, err := ParseRecoveryKey(text)
		if err != nil || *back.get() != *k.get() {
			t.Fatalf("%q: %v", text, err)
		}
	}
	if a, b := NewRecoveryKey(), NewRecoveryKey(); *a.get() == *b.get() {
		t.Fatal("two new keys are equal")
	}
}

func TestReadingForgivesHowAKeyIsWritten(t *testing.T) {
	r := random(2)
	replace := func(pairs ...string) func(string) string { return strings.NewReplacer(pairs...).Replace }
	forms := map[string]func(string) string{
		"upper":        strings.ToUpper,
		"o for 0":      replace("0", "o"),
		"O for 0":      replace("0", "O"),
		"i for 1":      replace("1", "i"),
		"l for 1":      replace("1", "l"),
		"I for 1":      replace("1", "I"),
		"L for 1":      replace("1", "L"),
		"hyphens":      replace(" ", "-"),
		"no blanks":    replace(" ", ""),
		"lines":        replace(" ", "\r\n"),
		"tabs, spaces": func(s string) string { return "\t " + strings.ReplaceAll(s, " ", " -\t") + " \n" },
		"blank each":   func(s string) string { return strings.Join(strings.Split(s, ""), " ") },
	}
	for name, form := range forms {
		for range 100 {
			k := keyFrom(r)
			back, err := ParseRecoveryKey([]byte(form(string(k.Text()))))
			if err != nil || *back.get() != *k.get() {
				t.Fatalf("%s: %v", name, err)
			}
		}
	}
}

func TestOneWrongCharacterIsFoundInItsGroup(t *testing.T) {
	r := random(3)
	for range 20 {
		text := symbolsOf(keyFrom(r))
		for i, right := range text {
			for s := range len(alphabet) {
				if alphabet[s] == right {
					continue
				}
				text[i] = alphabet[s]
				if e := mustFail(t, text); e.Group != i/8+1 {
					t.Fatalf("character %d changed: %v", i, e)
				}
			}
			text[i] = right
		}
	}
}

func TestEveryForeignCharacterIsFoundInItsGroup(t *testing.T) {
	text := symbolsOf(keyFrom(random(4)))
	known := alphabet + strings.ToUpper(alphabet) + "oOiIlL \t\r\n-"
	foreign := 0
	for c := range 256 {
		if strings.IndexByte(known, byte(c)) >= 0 {
			continue
		}
		foreign++
		for i, right := range text {
			text[i] = byte(c)
			if e := mustFail(t, text); e.Group != i/8+1 {
				t.Fatalf("character %d is %#x: %v", i, c, e)
			}
			text[i] = right
		}
	}
	if foreign != 256-2*26-10-5+2 { // u and U are the letters that no key has
		t.Fatalf("%d foreign characters", foreign)
	}
}

func TestSwappedCharactersAreFound(t *testing.T) {
	r := random(5)
	for range 50 {
		text := symbolsOf(keyFrom(r))
		for i := range text {
			for j := i + 1; j < len(text) && (j == i+1 || j/8 == i/8); j++ {
				if text[i] == text[j] {
					continue
				}
				text[i], text[j] = text[j], text[i]
				if e := mustFail(t, text); e.Group != i/8+1 {
					t.Fatalf("characters %d and %d swapped: %v", i, j, e)
				}
				text[i], text[j] = text[j], text[i]
			}
		}
	}
}

func TestSwappedGroupsAreFound(t *testing.T) {
	r := random(6)
	for range 100 {
		words := strings.Fields(string(keyFrom(r).Text()))
		for i := range words {
			for j := i + 1; j < len(words); j++ {
				words[i], words[j] = words[j], words[i]
				if e := mustFail(t, []byte(strings.Join(words, " "))); e.Group != i+1 {
					t.Fatalf("groups %d and %d swapped: %v", i+1, j+1, e)
				}
				words[i], words[j] = words[j], words[i]
			}
		}
	}
}

func TestAMissingOrDoubledCharacterIsLocated(t *testing.T) {
	r := random(7)
	exact, all := 0, 0
	for range 50 {
		text := symbolsOf(keyFrom(r))
		for i := range text {
			missing := append(append([]byte(nil), text[:i]...), text[i+1:]...)
			doubled := append(append([]byte(nil), text[:i+1]...), text[i:]...)
			for _, wrong := range [][]byte{missing, doubled} {
				e := mustFail(t, wrong)
				all++
				if e.Group == i/8+1 {
					exact++
				}
				if e.Group != 0 && e.Group < i/8+1 {
					t.Fatalf("character %d: %v", i, e)
				}
			}
		}
	}
	// A shifted group holds by chance once in 32 times; doubling the very last character leaves all groups whole.
	if exact*100 < all*90 {
		t.Fatalf("only %d of %d are located", exact, all)
	}
}

func TestTheWrongLengthIsRefused(t *testing.T) {
	text := symbolsOf(keyFrom(random(8)))
	for n := range text {
		want := n/8 + 1
		if n == 0 {
			want = 0
		}
		if e := mustFail(t, text[:n]); e.Group != want {
			t.Fatalf("%d characters: %v", n, e)
		}
	}
	if e := mustFail(t, append(text, text...)); e.Group != 0 {
		t.Fatalf("the key twice: %v", e)
	}
}

func TestTheChecksumFindsWhatTheGroupsDoNot(t *testing.T) {
	r := random(9)
	for range 200 {
		p := keyFrom(r).payload()
		bit := 8 + r.IntN(8*payloadBytes-8)
		p[bit/8] ^= 0x80 >> (bit % 8)
		if e := mustFail(t, spell(&p)); e.Group != 0 {
			t.Fatalf("bit %d: %v", bit, e)
		}
	}
	var p [payloadBytes]byte
	p[0] = 2
	sum := keyChecksum(p[:33])
	copy(p[33:], sum[:])
	if e := mustFail(t, spell(&p)); !strings.Contains(e.Error(), "version 2") {
		t.Fatalf("a key of version 2: %v", e)
	}
}

func TestRandomTextIsNoKey(t *testing.T) {
	r := random(10)
	text := make([]byte, keySymbols)
	for range 50_000 {
		for i := range text {
			text[i] = alphabet[r.IntN(32)]
		}
		mustFail(t, text)
	}
}

func TestErrorsShowNothingOfTheKey(t *testing.T) {
	text := symbolsOf(keyFrom(random(11)))
	text[20] ^= 1
	message := mustFail(t, text).Error()
	for i := 0; i+4 <= len(text); i++ {
		if strings.Contains(message, string(text[i:i+4])) {
			t.Fatalf("%q shows %q", message, text[i:i+4])
		}
	}
}

func TestTheFieldHas31Powers(t *testing.T) {
	seen := map[byte]bool{}
	for n := range 31 {
		seen[power(n)] = true
	}
	if len(seen) != 31 || power(31) != 1 || seen[0] {
		t.Fatalf("powers of α: %v", seen)
	}
	for a := range byte(32) {
		for b := range byte(32) {
			if multiply(a, b) != multiply(b, a) || (a != 0 && b != 0) != (multiply(a, b) != 0) {
				t.Fatalf("%d·%d", a, b)
			}
		}
	}
}
