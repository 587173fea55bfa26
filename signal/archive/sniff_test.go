package archive

import (
	"strings"
	"testing"
)

func TestSniff(t *testing.T) {
	png := "\x89PNG\r\n\x1a\n\x00\x00\x00\x0dIHDR" + strings.Repeat("\x00", 17)
	box := func(brands ...string) string {
		s := "ftyp" + brands[0] + "\x00\x00\x00\x00" + strings.Join(brands[1:], "")
		return "\x00\x00\x00" + string(rune(len(s)+4)) + s + "more bytes"
	}
	for head, want := range map[string]string{
		"":                                "",
		"\xff\xd8\xff\xe0":                "image/jpeg",
		png + "\x00\x00\x00\x01IDAT":      "image/png",
		png + "\x00\x00\x00\x08acTL":      "image/apng",
		png:                               "image/png",
		png[:9]:                           "image/png",
		"GIF89a":                          "image/gif",
		"RIFF\x00\x00\x00\x00WEBPVP8 ":    "image/webp",
		box("heic", "mif1"):               "image/heic",
		box("mif1", "heic"):               "image/heif",
		box("avif", "mif1"):               "image/avif",
		box("M4A ", "isom"):               "audio/mp4",
		box("isom", "mp42"):               "video/mp4",
		box("mp42", "isom"):               "video/mp4",
		box("XYZW", "mp41"):               "video/mp4",
		box("qt  "):                       "video/quicktime",
		box("3gp4", "isom"):               "video/3gpp",
		"\xff\xf1\x50\x80\x00\x1f\xfc":    "audio/aac",
		"\xff\xf9\x50\x80\x00\x1f\xfc":    "audio/aac",
		"\xff\xfb\x90\x64":                "audio/mpeg",
		"ID3\x04":                         "audio/mpeg",
		"#!AMR\n":                         "audio/amr",
		"fLaC":                            "audio/flac",
		"OggS" + zeros(24) + "OpusHead":   "audio/ogg",
		"OggS" + zeros(24) + "\x80theora": "application/ogg",
		"%PDF-1.7":                        "application/pdf",
		"PK\x03\x04":                      "application/zip",
		"plain words":                     "text/plain",
		"<html>":                          "text/html",
		"\x00\x01\x02":                    "application/octet-stream",
	} {
		if got := sniff([]byte(head)); got != want {
			t.Errorf("%q: %s, want %s", head, got, want)
		}
	}
}

func zeros(n int) string { return strings.Repeat("\x00", n) }

func FuzzSniff(f *testing.F) {
	f.Add([]byte("\x00\x00\x00\x18ftypheic"))
	f.Add([]byte("\x89PNG\r\n\x1a\n\xff\xff\xff\xffIHDR"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if got := sniff(b); (got == "") != (len(b) == 0) || strings.ContainsAny(got, "; \x00") {
			t.Fatalf("%q", got)
		}
	})
}
