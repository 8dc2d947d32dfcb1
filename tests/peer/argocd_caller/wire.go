// Messages as they are on the wire, as far as the plugin service needs them.

package main

import (
	"encoding/binary"
	"errors"
)

// number adds a field with a number to a message.
func number(message []byte, field int, value int) []byte {
	var space [binary.MaxVarintLen64]byte
	message = append(message, byte(field<<3))
	return append(message, space[:binary.PutUvarint(space[:], uint64(value))]...)
}

// text adds a field with a text, or with another message.
func text(message []byte, field int, value string) []byte {
	var space [binary.MaxVarintLen64]byte
	message = append(message, byte(field<<3|2))
	message = append(message, space[:binary.PutUvarint(space[:], uint64(len(value)))]...)
	return append(message, value...)
}

// texts returns the values of a field, in their order.
func texts(message []byte, wanted int) (found []string, err error) {
	err = eachField(message, func(field int, value []byte) {
		if field == wanted && value != nil {
			found = append(found, string(value))
		}
	})
	return found, err
}

// isSet returns whether a field with a number is there, and not zero.
func isSet(message []byte, wanted int) (found bool) {
	_ = eachField(message, func(field int, value []byte) { found = found || field == wanted && value == nil })
	return found
}

func eachField(message []byte, take func(field int, value []byte)) error {
	cut := errors.New("the answer is cut off")
	for len(message) > 0 {
		tag, length := binary.Uvarint(message)
		if length <= 0 {
			return cut
		}
		value, after := binary.Uvarint(message[length:])
		if after <= 0 {
			return cut
		}
		message = message[length+after:]
		switch tag & 7 {
		case 0:
			take(int(tag>>3), nil)
		case 2:
			if uint64(len(message)) < value {
				return cut
			}
			take(int(tag>>3), message[:value:value])
			message = message[value:]
		default:
			return errors.New("the answer has a field of another kind")
		}
	}
	return nil
}
