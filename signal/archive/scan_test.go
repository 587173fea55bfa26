package archive

import (
	"testing"

	"bakfs/signal"
)

// FuzzLook compares what a look tells with what decoding tells.
func FuzzLook(f *testing.F) {
	f.Add(text(7, 1700000000000, "hello"))
	f.Add(frame(&signal.Chat{ID: 3, RecipientID: 4}))
	f.Add(append(text(7, 5, "x"), frame(&signal.Chat{ID: 3})...))
	f.Add([]byte{0xfa, 0x06, 1, 7})
	f.Add([]byte{4<<3 | 2, 4, 1<<3 | 1, 0, 0, 0})
	f.Add(frame(&signal.ChatItem{ChatID: 1 << 63, DateSent: 1<<64 - 1, Body: &signal.StandardMessage{Attachments: []signal.Attachment{
		{Pointer: &signal.FilePointer{Locator: &signal.Locator{PlaintextHash: signal.Some(signal.Bytes("32 bytes, of which a hash is made"[:32]))}}}}}}))
	f.Fuzz(func(t *testing.T, rec []byte) {
		g := look(rec)
		fr := new(signal.Frame)
		if signal.Unmarshal(rec, fr) != nil || !g.sure {
			return
		}
		item, isItem := fr.Item.(*signal.ChatItem)
		switch {
		case g.item == 0 && fr.Item != nil, isItem != (g.item == itemField):
			t.Fatalf("%+v, but it is %T", g, fr.Item)
		case isItem && (item.ChatID != g.chat || item.DateSent != g.sent):
			t.Fatalf("%+v, but %d at %d", g, item.ChatID, item.DateSent)
		}
	})
}

func TestLookSeesFilesAndIDs(t *testing.T) {
	for name, rec := range allRecords(t) {
		fr := new(signal.Frame)
		if signal.Unmarshal(rec, fr) != nil {
			continue
		}
		files, ids := false, false
		signal.Files(fr, func(p *signal.FilePointer) { files = files || FileHash(p.Locator) != "" })
		signal.ServiceIDs(fr, func(id signal.ServiceID) { ids = ids || id.IsACI() })
		if files && !mayHaveFiles(rec) || ids && !mayHaveIDs(rec) {
			t.Errorf("record %d: files %v, ids %v", name, files, ids)
		}
	}
}

// allRecords are the records of the vectors.
func allRecords(t testing.TB) (list [][]byte) {
	for root, key := range folders(t) {
		for _, item := range find(t, root).Items {
			list = append(list, recordsOf(t, root, item.Name, key)[1:]...)
		}
	}
	return list
}
