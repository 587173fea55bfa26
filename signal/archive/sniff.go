package archive

import (
	"bytes"
	"encoding/binary"
	"net/http"
	"strings"
)

// sniffSize is how much of a file tells its type.
const sniffSize = 512

// brands are the types of ISO media files by their brand.
var brands = map[string]string{
	"heic": "image/heic", "heix": "image/heic", "heim": "image/heic", "heis": "image/heic",
	"hevc": "image/heic-sequence", "hevx": "image/heic-sequence",
	"mif1": "image/heif", "msf1": "image/heif-sequence", "avif": "image/avif", "avis": "image/avif",
	"M4A ": "audio/mp4", "M4B ": "audio/mp4", "qt  ": "video/quicktime",
	"isom": "video/mp4", "iso2": "video/mp4", "iso4": "video/mp4", "iso5": "video/mp4", "iso6": "video/mp4", "mp41": "video/mp4",
	"mp42": "video/mp4", "avc1": "video/mp4", "dash": "video/mp4", "MSNV": "video/mp4", "M4V ": "video/mp4", "M4VH": "video/mp4",
}

// sniff returns the MIME type of a file that begins with head, sniffSize bytes
// or all of it; "" if it is empty. What the sender says of it has no part.
func sniff(head []byte) string {
	if len(head) == 0 {
		return ""
	}
	if t := sniffMore(head); t != "" {
		return t
	}
	t, _, _ := strings.Cut(http.DetectContentType(head), ";")
	return t
}

// sniffMore knows types that phones make and net/http does not tell.
func sniffMore(b []byte) string {
	switch {
	case len(b) >= 12 && string(b[4:8]) == "ftyp":
		return sniffBrand(b)
	case bytes.HasPrefix(b, []byte("\x89PNG\r\n\x1a\n")):
		return sniffPNG(b)
	case len(b) >= 7 && b[0] == 0xff && b[1]&0xf6 == 0xf0 && b[2]>>2&0xf < 13:
		return "audio/aac" // ADTS
	case len(b) >= 4 && b[0] == 0xff && b[1]&0xe6 == 0xe2 && b[2]>>4 != 0xf && b[2]>>2&3 != 3:
		return "audio/mpeg" // layer III without a tag in front
	case bytes.HasPrefix(b, []byte("#!AMR")):
		return "audio/amr"
	case bytes.HasPrefix(b, []byte("fLaC")):
		return "audio/flac"
	case bytes.HasPrefix(b, []byte("OggS")) && (bytes.Contains(b[:min(len(b), 64)], []byte("OpusHead")) || bytes.Contains(b[:min(len(b), 64)], []byte("\x01vorbis"))):
		return "audio/ogg"
	}
	return ""
}

// sniffBrand reads the first box of an ISO media file.
func sniffBrand(b []byte) string {
	end := int(min(binary.BigEndian.Uint32(b), uint32(len(b))))
	for at := 8; at+4 <= end; at += 4 {
		if at == 12 {
			continue // the version of the first one
		}
		brand := string(b[at : at+4])
		if t := brands[brand]; t != "" {
			return t
		}
		if strings.HasPrefix(brand, "3gp") || strings.HasPrefix(brand, "3g2") {
			return "video/3gpp"
		}
	}
	return ""
}

// sniffPNG tells an animation, whose control chunk stands before the image.
func sniffPNG(b []byte) string {
	for at := 8; at+8 <= len(b); {
		switch string(b[at+4 : at+8]) {
		case "acTL":
			return "image/apng"
		case "IDAT":
			return "image/png"
		}
		at += 12 + int(min(binary.BigEndian.Uint32(b[at:]), sniffSize))
	}
	return "image/png"
}
