package query

import (
	"bytes"
	"slices"
	"unicode/utf8"
)

// maxMarks bounds the places that are marked in one text.
const maxMarks = 1000

// Marks returns where s has the words that are searched for, as ranges of bytes
// [from, to) at borders of characters, in order and apart from each other.
func (q *Query) Marks(s string) [][2]int {
	var folded []byte
	var at []int // of each byte of folded: where its character begins in s
	for i, r := range s {
		n := len(folded)
		if r < utf8.RuneSelf {
			folded = append(folded, asciiFold[r])
		} else {
			folded = appendRune(folded, r)
		}
		for range len(folded) - n {
			at = append(at, i)
		}
	}
	var all [][2]int
	for _, w := range q.words {
		for n := 0; !w.not && len(all) < maxMarks; {
			i := bytes.Index(folded[n:], w.text)
			if i < 0 {
				break
			}
			from, to := n+i, n+i+len(w.text)
			all = append(all, [2]int{at[from], after(s, at[to-1])})
			n = to
		}
	}
	slices.SortFunc(all, func(a, b [2]int) int { return a[0] - b[0] })
	return joined(all)
}

// after returns the end of the character of s at i, with the accents that stand
// behind it.
func after(s string, i int) int {
	_, size := utf8.DecodeRuneInString(s[i:])
	for i += size; i < len(s); i += size {
		var r rune
		if r, size = utf8.DecodeRuneInString(s[i:]); r < utf8.RuneSelf || !accent(r) {
			break
		}
	}
	return i
}

// joined makes one range of those that touch.
func joined(all [][2]int) [][2]int {
	var list [][2]int
	for _, m := range all {
		if n := len(list); n > 0 && m[0] <= list[n-1][1] {
			list[n-1][1] = max(list[n-1][1], m[1])
			continue
		}
		list = append(list, m)
	}
	return list
}
