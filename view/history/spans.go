package history

// A span is a run of backups, by their places, both ends included.
type span struct{ from, to int }

// spans are backups: apart from each other, ascending.
type spans []span

func (s spans) first() int { return s[0].from }
func (s spans) last() int  { return s[len(s)-1].to }

// overlaps reports whether a backup is in both.
func (s spans) overlaps(t spans) bool {
	for i, j := 0, 0; i < len(s) && j < len(t); {
		switch {
		case s[i].to < t[j].from:
			i++
		case t[j].to < s[i].from:
			j++
		default:
			return true
		}
	}
	return false
}

// with returns the backups of s and of t. It may return either of them.
func (s spans) with(t spans) spans {
	switch {
	case len(t) == 0:
		return s
	case len(s) == 0:
		return t
	}
	out := make(spans, 0, len(s)+len(t))
	for len(s) > 0 || len(t) > 0 {
		var next span
		if len(t) == 0 || len(s) > 0 && s[0].from <= t[0].from {
			next, s = s[0], s[1:]
		} else {
			next, t = t[0], t[1:]
		}
		if n := len(out); n > 0 && next.from <= out[n-1].to+1 {
			out[n-1].to = max(out[n-1].to, next.to)
		} else {
			out = append(out, next)
		}
	}
	return out
}
