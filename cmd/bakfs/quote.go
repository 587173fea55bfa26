package main

import (
	"encoding/base64"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// quote returns a name so that it is safe on a terminal and cannot be taken for
// something else: unchanged when it consists of printable characters only and
// reads as one word of data, else as a quoted string with escapes.
// Every name that comes from a backup, a device or the file system passes here
// (or through plain, for whole sentences) before a person sees it.
func quote(s string) string {
	if s == "" || s[0] == '-' || s[0] == ' ' || s[len(s)-1] == ' ' ||
		strings.ContainsAny(s, "\"\\") || !printable(s) {
		return strconv.Quote(s)
	}
	return s
}

// plain makes a whole sentence safe: what is not printable becomes an escape,
// quotation marks and backslashes stay as they are. The result is one line.
func plain(s string) string {
	if printable(s) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		_, n := utf8.DecodeRuneInString(s[i:])
		if printable(s[i : i+n]) {
			b.WriteString(s[i : i+n])
		} else {
			escaped := strconv.Quote(s[i : i+n])
			b.WriteString(escaped[1 : len(escaped)-1])
		}
		i += n
	}
	return b.String()
}

// printable reports whether s is valid UTF-8 without control characters, bidi
// controls, zero-width characters, line separators or odd blanks.
func printable(s string) bool {
	if !utf8.ValidString(s) {
		return false
	}
	for _, r := range s {
		if !unicode.IsPrint(r) {
			return false
		}
	}
	return true
}

// raw returns the base64 form of a name that JSON cannot carry (encoding/json
// puts U+FFFD in place of bytes that are not UTF-8), else the empty string.
func raw(s string) string {
	if utf8.ValidString(s) {
		return ""
	}
	return encode(s)
}

func encode(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }
