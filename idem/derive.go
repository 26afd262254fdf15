package idem

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"strconv"
	"strings"

	"github.com/gowebpki/jcs"
)

// Derive makes a key from what an operation is: 64 hexadecimal digits of SHA-256
// over the operation's name and its parameters as canonical JSON (RFC 8785). The
// same operation and parameters give the same key in every process and language,
// at any time: no clock is part of it, because two attempts on both sides of a
// time boundary would otherwise be two operations.
//
// The price is that two orders that are meant to be two but have equal
// parameters are one. Put what tells them apart into the parameters, such as an
// order number, or use [NewKey].
//
// Parameters are encoded with encoding/json. Derive refuses what JSON cannot tell
// apart, for two operations would silently become one: integers that a double
// cannot hold (write them as strings) and strings that are not valid UTF-8.
func Derive(operation string, params any) (string, error) {
	canonical, err := canonicalJSON(params)
	if err != nil {
		return "", fmt.Errorf("idem: derive key: %w", err)
	}
	sum := sha256.Sum256(append(appendPart(nil, operation), canonical...))
	return hex.EncodeToString(sum[:]), nil
}

// canonicalJSON encodes v so that equal values have equal bytes and different
// values different ones, or says why it cannot.
func canonicalJSON(v any) ([]byte, error) {
	raw, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	if err := checkStrings(raw); err != nil {
		return nil, err
	}
	if err := checkNumbers(raw); err != nil {
		return nil, err
	}
	return jcs.Transform(raw)
}

// checkStrings finds the mark that encoding/json leaves where it replaced invalid
// UTF-8: it writes the replacement character as an escape, and a genuine one as
// it is.
func checkStrings(raw []byte) error {
	for i := 0; i < len(raw); i++ {
		if raw[i] != '\\' {
			continue
		}
		if bytes.HasPrefix(raw[i:], []byte(`\ufffd`)) {
			return errors.New("invalid UTF-8 in a string")
		}
		i++ // skip what is escaped, which may be a backslash
	}
	return nil
}

// checkNumbers refuses numbers whose canonical form, that of a double, is another
// number.
func checkNumbers(raw []byte) error {
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	for {
		token, err := dec.Token()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if n, ok := token.(json.Number); ok && !exact(n.String()) {
			return fmt.Errorf("number %s has no exact double: encode it as a string", n)
		}
	}
}

func exact(number string) bool {
	f, err := strconv.ParseFloat(number, 64)
	if err != nil {
		return false
	}
	if f == 0 { // underflow is not exact; and keep huge exponents from big.Rat
		mantissa, _, _ := strings.Cut(strings.ToLower(number), "e")
		return strings.Trim(mantissa, "-0.") == ""
	}
	canonical, err := jcs.NumberToJSON(f)
	if err != nil {
		return false
	}
	want, ok1 := new(big.Rat).SetString(number)
	got, ok2 := new(big.Rat).SetString(canonical)
	return ok1 && ok2 && want.Cmp(got) == 0
}
