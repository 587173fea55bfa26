package main

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// splitWords splits a command line into words at blanks. Single quotes keep
// everything, double quotes keep everything but \" and \\, a backslash outside
// quotes keeps the next character. Nothing is expanded and no shell is run:
// $, *, ;, | and the like are ordinary characters.
func splitWords(line string) ([]string, error) {
	if strings.IndexByte(line, 0) >= 0 {
		return nil, errors.New("a NUL byte")
	}
	var words []string
	var word strings.Builder
	inWord := false
	var mark byte // the open quotation mark, or 0
	for i := 0; i < len(line); i++ {
		c := line[i]
		switch {
		case mark == 0 && (c == ' ' || c == '\t' || c == '\n'):
			if inWord {
				words = append(words, word.String())
				word.Reset()
				inWord = false
			}
			continue
		case mark == 0 && (c == '\'' || c == '"'):
			mark = c
		case mark != 0 && c == mark:
			mark = 0
		case c == '\\' && mark != '\'':
			if i+1 == len(line) {
				return nil, errors.New("a backslash at the end")
			}
			next := line[i+1]
			if mark == '"' && next != '"' && next != '\\' {
				word.WriteByte(c)
				break
			}
			word.WriteByte(next)
			i++
		default:
			word.WriteByte(c)
		}
		inWord = true
	}
	if mark != 0 {
		return nil, fmt.Errorf("the quotation mark %c is not closed", mark)
	}
	if inWord {
		words = append(words, word.String())
	}
	return words, nil
}

// A share says how much of the packs to read: a percentage, a number of bytes, or everything.
type share struct {
	percent float64
	bytes   int64
	all     bool
}

// parseShare reads "all", "5%", "0.5%", "1G", "500M", "65536".
func parseShare(s string) (share, error) {
	if s == "all" {
		return share{all: true}, nil
	}
	if number, ok := strings.CutSuffix(s, "%"); ok {
		p, err := strconv.ParseFloat(number, 64)
		if err != nil || math.IsNaN(p) || p <= 0 || p > 100 || strings.ContainsAny(number, "xXpP_+") {
			return share{}, fmt.Errorf("%q is not a percentage above 0 and up to 100", s)
		}
		return share{percent: p, all: p == 100}, nil
	}
	n, err := parseSize(s)
	if err != nil {
		return share{}, err
	}
	return share{bytes: n}, nil
}

// parseSize reads a number of bytes with an optional unit of powers of 1024:
// K, M, G, T, each also as KiB or KB. The result is at least 1.
func parseSize(s string) (int64, error) {
	bad := fmt.Errorf("%q is not a size like 500M or 1G", s)
	end := 0
	for end < len(s) && s[end] >= '0' && s[end] <= '9' {
		end++
	}
	n, err := strconv.ParseInt(s[:end], 10, 64)
	if err != nil || n < 1 {
		return 0, bad
	}
	unit := strings.ToUpper(s[end:])
	if unit == "" || unit == "B" {
		return n, nil
	}
	power := strings.IndexByte("KMGT", unit[0])
	if rest := unit[1:]; power < 0 || (rest != "" && rest != "B" && rest != "IB") {
		return 0, bad
	}
	shift := uint(10 * (power + 1))
	if n > math.MaxInt64>>shift {
		return 0, bad
	}
	return n << shift, nil
}
