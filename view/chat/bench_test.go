package chat

import "testing"

func BenchmarkMessage(b *testing.B) {
	s := modernSources(b, vectors(b, "generated"))[0]
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		s.people.Message(s.items[i%len(s.items)])
	}
}
