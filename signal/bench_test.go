package signal

import (
	"bytes"
	"io"
	"testing"
)

// benchStream repeats the chat items of the vectors until there are 64 MB.
func benchStream(b *testing.B) []byte {
	var items [][]byte
	for _, rec := range records(b, readVector(b, "v2/plain.binproto"))[1:] {
		var f Frame
		if Unmarshal(rec, &f) == nil {
			if _, ok := f.Item.(*ChatItem); ok {
				items = append(items, rec)
			}
		}
	}
	var out bytes.Buffer
	w := NewRecordWriter(&out)
	w.WriteMessage(&BackupInfo{Version: 1})
	for i := 0; out.Len() < 64<<20; i++ {
		w.Write(items[i%len(items)])
	}
	return out.Bytes()
}

func BenchmarkRead(b *testing.B) {
	stream := benchStream(b)
	b.SetBytes(int64(len(stream)))
	b.ReportAllocs()
	for b.Loop() {
		r, err := NewReader(NewRecordReader(bytes.NewReader(stream)))
		if err != nil {
			b.Fatal(err)
		}
		for {
			if _, err := r.Next(); err == io.EOF {
				break
			} else if err != nil {
				b.Fatal(err)
			}
		}
	}
}

func BenchmarkAppend(b *testing.B) {
	var all []Message
	for _, rec := range records(b, readVector(b, "v2/plain.binproto")) {
		f := new(Frame)
		if Unmarshal(rec, f) == nil {
			all = append(all, f)
		}
	}
	b.Run("wire", func(b *testing.B) {
		var buf []byte
		for b.Loop() {
			buf = buf[:0]
			for _, m := range all {
				buf = Append(buf, m)
			}
			b.SetBytes(int64(len(buf)))
		}
	})
	b.Run("json", func(b *testing.B) {
		var buf []byte
		for b.Loop() {
			buf = buf[:0]
			for _, m := range all {
				buf = AppendJSON(buf, m)
			}
			b.SetBytes(int64(len(buf)))
		}
	})
}
