package signal

import (
	"bytes"
	"encoding/binary"
	"reflect"
	"testing"
)

func TestRetiredLocators(t *testing.T) {
	field := func(num byte, b []byte) []byte {
		return append(binary.AppendUvarint([]byte{num<<3 | 2}, uint64(len(b))), b...)
	}
	fields := func(list ...[]byte) []byte { return bytes.Join(list, nil) }
	key, digest := bytes.Repeat([]byte{'k'}, 64), bytes.Repeat([]byte{'d'}, 32)
	for name, test := range map[string]struct {
		wire []byte
		want *Locator
	}{
		"none":    {field(7, []byte("a.jpg")), nil},
		"invalid": {field(3, nil), &Locator{}},
		"backup": {field(1, fields(field(1, []byte("name")), []byte{2 << 3, 3}, field(3, key), field(4, digest), []byte{5 << 3, 77})),
			&Locator{Key: NewSecret(string(key)), EncryptedDigest: Some(Bytes(digest)), Size: 77, MediaTierCDNNumber: Some[uint32](3)}},
		"attachment": {field(2, fields(field(1, []byte("cdn")), []byte{2 << 3, 2}, []byte{3 << 3, 9}, field(4, key), field(5, digest), []byte{6 << 3, 78})),
			&Locator{Key: NewSecret(string(key)), EncryptedDigest: Some(Bytes(digest)), Size: 78, TransitCDNKey: Some("cdn"),
				TransitCDNNumber: Some[uint32](2), TransitTierUploadTimestamp: Some(Millis(9))}},
		"local": {field(12, fields(field(1, []byte("name")), field(2, key), field(3, key), field(4, digest), []byte{5 << 3, 79})),
			&Locator{Key: NewSecret(string(key)), LocalKey: Some(NewSecret(string(key))), EncryptedDigest: Some(Bytes(digest)), Size: 79}},
		"damaged": {field(12, []byte{1, 2, 3}), nil},
	} {
		var p FilePointer
		if err := Unmarshal(test.wire, &p); err != nil {
			t.Fatal(name, err)
		}
		got, file := p.Retired()
		if !reflect.DeepEqual(got, test.want) {
			t.Errorf("%s: %+v, want %+v", name, got, test.want)
		}
		if want := map[string]string{"local": "name"}[name]; file != want {
			t.Errorf("%s: the file is called %q", name, file)
		}
		if !bytes.Equal(Append(nil, &p), test.wire) {
			t.Errorf("%s: does not come out again", name)
		}
	}
}
