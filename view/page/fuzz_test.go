package page

import (
	"testing"

	"bakfs/signal"
	"bakfs/view/chat"
)

// FuzzPages makes pages of strings and numbers that nobody meant.
func FuzzPages(f *testing.F) {
	f.Add("<script>alert(1)</script>", "../x", "image/png", "L", uint64(1778782927412), 3, 9)
	f.Add("https://a.example/\u202e", "media/a.jpg", "text/html", "LEHV6nWB2yk8pyo0adR*.7kCMdnj", uint64(1<<64-1), -1, 1<<40)
	f.Fuzz(func(t *testing.T, text, path, kind, blur string, ms uint64, start, end int) {
		p := &chat.Person{Key: kind, Name: text}
		file := chat.File{Kind: chat.FileKind(start), Name: text, MIME: kind, Sniff: kind, Blur: blur, Width: uint32(ms), Height: uint32(end), Path: path, Caption: text}
		gone := file
		gone.Path, gone.Size, gone.Claimed = "", -1, int64(ms)
		styled := &chat.Text{Plain: text, Spans: []chat.Span{
			{Start: start, End: end, Style: signal.Style(start)}, {Start: end, End: start, Style: signal.StyleSpoiler}, {Start: start, End: end, Mention: p},
		}}
		sent := signal.Millis(ms)
		m := may()
		m.Chat = &chat.Conversation{Name: text, Key: text}
		m.Messages = nil
		for k := range chat.Other + 2 {
			m.Messages = append(m.Messages, &chat.Message{
				Chat: m.Chat, Author: p, Kind: k, Dir: chat.Direction(start), First: sent, Sent: sent, Text: styled, Files: []chat.File{file, gone, file},
				Quote:   &chat.Quote{Author: p, Sent: sent + 1, Text: styled, Files: []chat.QuotedFile{{Name: text, MIME: kind, Thumbnail: &file}}},
				Links:   []chat.Link{{URL: text, Title: text, Image: &file}, {URL: path}},
				Card:    &chat.ContactCard{Name: text, Path: path, Card: &signal.ContactCard{Number: []signal.CardPhone{{Value: text}}, Email: []signal.CardEmail{{Value: text}}}},
				Sticker: &chat.StickerFile{Emoji: text, File: file}, Poll: &chat.PollState{Question: text, Options: []chat.PollOption{{Text: text, Voters: []*chat.Person{p, nil}}}},
				Emoji: text, By: p, Words: text, Reactions: []chat.Reaction{{Emoji: text, By: p}, {Emoji: path}},
				Versions: []chat.Version{{Sent: sent, Text: styled, Files: []chat.File{file}}}, Status: []chat.Delivery{{To: p, State: kind, Time: sent}},
				ExpiresMs: ms, Past: chat.Past{Gone: chat.Gone(start), LastSeen: text},
			})
		}
		m.Messages[0].Past.Kept = &chat.Version{Text: styled, Files: []chat.File{file}}
		m.Resolve = func(*chat.Quote) string { return path + "#" + text }
		e := &Entry{Chat: m.Chat, Folder: path, Newest: path, Formerly: []string{text}}
		var hits []Hit
		for _, m := range m.Messages {
			hits = append(hits, Hit{Message: m, Entry: e, Page: path})
		}
		for _, p := range []anyPage{
			m,
			&Overview{Chat: m.Chat, Year: start, Parts: []Part{{Year: start, Month: 1, Count: end}}, Formerly: []string{text}, Folders: []string{path}},
			&Gallery{Chat: m.Chat, Year: end, Messages: m.Messages, Page: func(*chat.Message) string { return path }},
			&Account{Name: text, Phone: path, Entries: []*Entry{e}, Folders: []ChatFolder{{Name: text, Entries: []*Entry{e}}}, Links: []string{path}},
			&Results{Query: text, Hits: hits, Mark: func(string) [][2]int { return [][2]int{{start, end}, {end, start}} }},
		} {
			b, err := p.Append(nil)
			if err != nil {
				t.Fatal(err)
			}
			for _, err := range check(b) {
				t.Errorf("%T: %v", p, err)
			}
		}
	})
}
