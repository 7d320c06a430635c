// Package jsontext knows which texts stand for themselves in JSON. A
// cross-launch may hold ten thousand devices, while somebody waits: nearly all of
// their texts can be read and written as they are.
package jsontext

// Plain reports whether text stands for itself between quotes, as encoding/json
// reads it and writes it: ASCII without control characters and without what
// json.Marshal escapes.
func Plain(text string) bool {
	for ; len(text) >= 8; text = text[8:] {
		if special(word(text)) {
			return false
		}
	}
	rest := uint64(each) * ' '
	for i := range len(text) {
		rest = rest<<8 | uint64(text[i])
	}
	return !special(rest)
}

// word is the first 8 bytes of text.
func word(text string) uint64 {
	_ = text[7]
	return uint64(text[0]) | uint64(text[1])<<8 | uint64(text[2])<<16 | uint64(text[3])<<24 |
		uint64(text[4])<<32 | uint64(text[5])<<40 | uint64(text[6])<<48 | uint64(text[7])<<56
}

const (
	each = 0x0101010101010101 // 1 in each byte of a word
	high = 0x80 * each
)

// special reports whether any byte of the word is not plain. It looks at all 8 at
// a time ("Hacker's Delight", 6-1): where no byte has its highest bit, taking n
// away sets it in one that is less than n. What that borrows from the bytes above
// changes nothing, since the answer is known then.
func special(w uint64) bool {
	return (w|(w-each*' ')|less1(w, '"')|less1(w, '\\')|less1(w, '<')|less1(w, '>')|less1(w, '&'))&high != 0
}

// less1 is w with each byte compared with c: 0 where it is c, less 1.
func less1(w uint64, c byte) uint64 { return (w ^ each*uint64(c)) - each }
