package page

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// A colour of the stylesheet: red, green, blue and how much it covers, 0 to 1.
type rgba [4]float64

func parseColour(t *testing.T, s string) rgba {
	t.Helper()
	s = strings.TrimPrefix(s, "#")
	if len(s) == 3 {
		s = string([]byte{s[0], s[0], s[1], s[1], s[2], s[2]})
	}
	if len(s) == 6 {
		s += "ff"
	}
	n, err := strconv.ParseUint(s, 16, 32)
	if err != nil || len(s) != 8 {
		t.Fatalf("colour %q", s)
	}
	return rgba{float64(n >> 24), float64(n >> 16 & 255), float64(n >> 8 & 255), float64(n&255) / 255}
}

// over returns how c looks on b.
func (c rgba) over(b rgba) rgba {
	for i := range 3 {
		c[i] = c[i]*c[3] + b[i]*(1-c[3])
	}
	c[3] = 1
	return c
}

func (c rgba) luminance() float64 {
	return 0.2126*linear(int(c[0]+.5)) + 0.7152*linear(int(c[1]+.5)) + 0.0722*linear(int(c[2]+.5))
}

// contrast is that of WCAG 2: 1 to 21.
func contrast(a, b rgba) float64 {
	x, y := a.luminance(), b.luminance()
	return (math.Max(x, y) + 0.05) / (math.Min(x, y) + 0.05)
}

func TestTextCanBeReadInBothThemes(t *testing.T) {
	sheet := source("sheet.css")
	variables := [2]map[string]rgba{{}, {}}
	for _, m := range regexp.MustCompile(`--(\w+):light-dark\((#\w+),(#\w+)\)`).FindAllStringSubmatch(sheet, -1) {
		variables[0][m[1]], variables[1][m[1]] = parseColour(t, m[2]), parseColour(t, m[3])
	}
	names := regexp.MustCompile(`\.n(\d)\{color:light-dark\((#\w+),(#\w+)\)\}`).FindAllStringSubmatch(sheet, -1)
	circles := regexp.MustCompile(`\.c(\d)\{background:(#\w+)\}`).FindAllStringSubmatch(sheet, -1)
	if len(names) != colours || len(circles) != colours || len(variables[0]) < 12 {
		t.Fatalf("the stylesheet has %d colours of names, %d of circles, %d variables", len(names), len(circles), len(variables[0]))
	}
	for theme, v := range variables {
		enough := func(what string, text, ground rgba) {
			if c := contrast(text.over(ground), ground); c < 4.5 {
				t.Errorf("theme %d: %s has a contrast of %.2f", theme, what, c)
			}
		}
		for _, ground := range []string{"bg", "side", "in", "out"} {
			g := v[ground]
			for _, text := range []string{"ink", "mut", "accent"} {
				enough(text+" on "+ground, v[text], g)
			}
			enough("ink on quote on "+ground, v["ink"], v["quote"].over(g))
			enough("mut on quote on "+ground, v["mut"], v["quote"].over(g))
			for _, n := range names {
				enough("name "+n[1]+" on "+ground, parseColour(t, n[2+theme]), g)
				enough("name "+n[1]+" on quote on "+ground, parseColour(t, n[2+theme]), v["quote"].over(g))
			}
		}
		enough("warn", v["warn"], v["warnbg"])
		enough("del", v["del"], v["delbg"])
		enough("n on aria-current", v["mut"], v["out"])
		enough("ink on line", v["ink"], v["line"])
		enough("mut on line", v["mut"], v["line"])
		for _, c := range circles {
			enough("circle "+c[1], parseColour(t, "#fff"), parseColour(t, c[2]))
		}
	}
}

func TestThePolicyNamesTheStylesheet(t *testing.T) {
	b, err := (&Account{}).Append(nil)
	if err != nil {
		t.Fatal(err)
	}
	page := string(b)
	style := regexp.MustCompile(`(?s)<style>(.*)</style>`).FindStringSubmatch(page)
	if style == nil || style[1] != source("sheet.css") {
		t.Fatal("the page's style is not the stylesheet as it is")
	}
	want := fmt.Sprintf("style-src '%s'; base-uri 'none'", sheetHash())
	if !strings.Contains(page, want) {
		t.Errorf("no %q in the policy", want)
	}
	for _, bad := range []string{"@import", "url(", "expression", "</", "/*"} {
		if strings.Contains(style[1], bad) {
			t.Errorf("the stylesheet has %q", bad)
		}
	}
}
