package modern

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"bakfs/signal"
)

func TestKnownAnswers(t *testing.T) {
	tests := []struct{ key, aci, token, bk, id, mac, cipher string }{
		{knownKey, knownACI, "",
			"73bddb57d891aac6656ece77f47685fe02bb6ec8a657cb5207602be47bcf3aae", "49f688c8be5582c0f818aa682c675208",
			"095dcbd76a5a80e234e5b11151329ab88109561bd88589adebc9dd91e2f088bc", "d68925f08f973522e83e2b4bbbfe6c1f4489b43cc854ba97673c1299bd7331eb"},
		{knownKey, knownACI, "6b17df227cfbefea01a4fe7602b3c98b4eb508e83766797df0757993e2e835eb",
			"73bddb57d891aac6656ece77f47685fe02bb6ec8a657cb5207602be47bcf3aae", "49f688c8be5582c0f818aa682c675208",
			"24dda08042f21db4d8afb6571688fc91f451811683bc4873e9032fe9b8571c45", "8ad6d1bd4c0d949f78a0b2395ed04713b2b8f362a7271596cdbadc3289e83a81"},
		{"dtjs858asj6tv0jzsqrsmj0ubp335pisj98e9ssnss8myoc08drhtcktyawvx45l", "659aa5f4a28dfcc11ea1b997537a3d95", "",
			"ea26a2ddb5dba5ef9e34e1b8dea1f5ae7f255306a6d2d883e542306eaa9fe985", "8a624fbc45379043f39f1391cddc5fe8",
			"f425e22a607c529717e1e1b29f9fe139f9d1c7e7d01e371c7753c544a3026649", "e143f4ad5668d8bfed2f88562f0693f53bda2c0e55c9d71730f30e24695fd6df"},
		{"dtjs858asj6tv0jzsqrsmj0ubp335pisj98e9ssnss8myoc08drhtcktyawvx45l", "659aa5f4a28dfcc11ea1b997537a3d95",
			"69207061737320746865206b6e69666520746f207468652061786f6c6f746c21",
			"ea26a2ddb5dba5ef9e34e1b8dea1f5ae7f255306a6d2d883e542306eaa9fe985", "8a624fbc45379043f39f1391cddc5fe8",
			"20e6ab57b87e051f3e695e953cf8a261dd307e4f92ae2921673f1d397e07887b", "602af6ecfc09d695a8d58da9f18225e967979c5e03543ca0224a03cca3d9735e"},
		{strings.Repeat("m", 64), strings.Repeat("11", 16), "",
			"2afc757bc8e86cc317848227ab79c41298d6b0688c5f40960c600966512bd736", "687b4288aab129fd7dcb3941aa3c7e39", "", ""},
	}
	for _, x := range tests {
		bk := recoveryKey(t, x.key).BackupKey()
		if got := bk.key.Reveal(); got != string(unhex(t, x.bk)) {
			t.Errorf("backup key %x, want %s", got, x.bk)
		}
		id := bk.ID(signal.ServiceID(unhex(t, x.aci)))
		if got := fmt.Sprintf("%x", id[:]); got != x.id {
			t.Errorf("backup id %s, want %s", got, x.id)
		}
		keys := bk.Keys(id)
		if x.token != "" {
			keys = bk.RemoteKeys(id, signal.NewSecret(string(unhex(t, x.token))))
		}
		if got := fmt.Sprintf("%x", keys.Bytes()); x.mac != "" && got != x.mac+x.cipher {
			t.Errorf("keys %s, want %s", got, x.mac+x.cipher)
		}
		back, err := ParseKeys(keys.Bytes())
		if err != nil || string(back.Bytes()) != string(keys.Bytes()) {
			t.Errorf("keys do not come back: %v", err)
		}
	}
	bk := recoveryKey(t, knownKey).BackupKey()
	if got := bk.metadataKey().Reveal(); got != string(unhex(t, "ab1beb60330a25de635e45065b15c7ab6df9c6ac411f601b77ca4071fca5f3da")) {
		t.Errorf("metadata key %x", got)
	}
}

func TestEveryFormOfAKeyIsTaken(t *testing.T) {
	for _, s := range []string{
		knownKey,
		strings.ToUpper(knownKey),
		"K3QZ =#7M 1VHX 9W2R T5N8 B4CD 6FGJ LPSU YA=# 1E2I 3U4K 5M6N 7P8Q 9R=S 1T2V 3W4X",
		"k3qz-0o7m-1vhx-9w2r\nt5n8-b4cd-6fgj-lpsu\r\nya0o-1e2i-3u4k-5m6n\t7p8q-9r0s-1t2v-3w4x\n",
	} {
		k, err := ParseRecoveryKey(s)
		if err != nil || k.chars.Reveal() != knownKey {
			t.Errorf("%q: %v", s, err)
		}
	}
	for _, s := range []string{"", "k3qz", knownKey[1:], knownKey + "0", strings.Repeat("ä", 64)} {
		if _, err := ParseRecoveryKey(s); !errors.Is(err, ErrKeyForm) {
			t.Errorf("%q: %v, want ErrKeyForm", s, err)
		} else if len(s) > 8 && strings.Contains(err.Error(), s[2:8]) {
			t.Errorf("the error shows the key: %v", err)
		}
	}
}

func TestKeysNeverPrint(t *testing.T) {
	k := recoveryKey(t, knownKey)
	bk := k.BackupKey()
	keys := bk.Keys(ID{1})
	for _, v := range []any{k, &k, bk, &bk, keys, &keys, struct{ K Keys }{keys}, []RecoveryKey{k}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d", "%t", "%p"} {
			got := fmt.Sprintf(verb, v)
			for _, secret := range []string{knownKey, bk.key.Reveal(), keys.MAC.Reveal(), keys.Cipher.Reveal()} {
				if strings.Contains(got, secret[:8]) || strings.Contains(strings.ToLower(got), fmt.Sprintf("%x", secret[:8])) {
					t.Errorf("%s of %T shows a key", verb, v)
				}
			}
		}
	}
}

func TestTheOwnerIsFoundByTheBackupID(t *testing.T) {
	bk := recoveryKey(t, knownKey).BackupKey()
	owner := signal.ServiceID(unhex(t, knownACI))
	f := NewOwnerFinder(bk, bk.ID(owner))
	f.Look(&signal.Contact{ACI: signal.Some(signal.ServiceID("sixteen bytes 00"))})
	if f.Owner() != "" {
		t.Error("found somebody else")
	}
	f.Look(&signal.Text{BodyRanges: []signal.BodyRange{{MentionACI: signal.Some(owner)}}})
	if f.Owner() != owner {
		t.Errorf("found %q", f.Owner())
	}
}
