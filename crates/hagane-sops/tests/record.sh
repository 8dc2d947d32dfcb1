#!/bin/sh
# Records the fixtures with the real `sops` and `age-keygen` (both on PATH): plaintexts are below, ciphertexts
# and the bytes of `sops decrypt` go to fixtures/. The keys are made new each time and protect nothing.
set -eu
cd "$(dirname "$0")"
rm -rf fixtures
mkdir fixtures
export SOPS_DISABLE_VERSION_CHECK=1 HOME=/nonexistent
unset SOPS_AGE_KEY SOPS_AGE_KEY_CMD SOPS_AGE_RECIPIENTS XDG_CONFIG_HOME 2>/dev/null || true

new_key() { # file, comment
    echo "# This key protects nothing: it is public, and for these tests only." >>"$1"
    age-keygen 2>/dev/null | grep -v '^# created' >>"$1"
}
for file in fixtures/keys.txt fixtures/keys.txt fixtures/keys.txt fixtures/stranger.txt; do new_key "$file"; done
recipients() { sed -n 's/^# public key: //p' fixtures/keys.txt; }
first=$(recipients | sed -n 1p)
second=$(recipients | sed -n 2p)
third=$(recipients | sed -n 3p)
export SOPS_AGE_KEY_FILE="$PWD/fixtures/keys.txt"

record() { # format, name, extension, arguments of sops; the plaintext comes on stdin
    format=$1 name=$2 extension=$3
    shift 3
    directory="fixtures/$format/$name"
    mkdir -p "$directory"
    cat >"$directory/plain.$extension"
    type="--input-type $format --output-type $format"
    # Flags of the whole program count with the old spelling only.
    sops -e $type "$@" "$directory/plain.$extension" >"$directory/enc.$extension"
    sops decrypt $type "$directory/enc.$extension" >"$directory/expected.$extension"
    rm "$directory/plain.$extension"
}

record yaml kubernetes yaml --age "$first" --encrypted-regex '^(data|stringData)$' <<'END'
apiVersion: v1
kind: Secret
metadata:
  name: demo
stringData:
  user: admin
  password: s3cr3t
END
record yaml types yaml --age "$first,$second" <<'END'
text: "yes"
number: 0o17
big: 9223372036854775807
float: 1e21
whole: 1.0
truth: true
nothing: null
empty: ""
when: 2001-12-14 21:59:43.10
lines: |
  one
  two
tab: "a\tb"
emoji: "🔑"
bytes: !!binary //4=
merge: "<<"
map: {}
list: [1, two, [3], {k: v}]
n: "#x"
"new\nline": x
plain_unencrypted: visible
END
record yaml comments yaml --age "$first" <<'END'
# head

a: 1 # inline
# before b
b:
    # first in b
    c: 2
    # last in b
l:
    # first in l
    - x # inline x
    # before y
    - y
# foot
END
record yaml documents yaml --age "$first" <<'END'
a: 1
# end
---
# start
a: two
END
record yaml mac-only-encrypted yaml --age "$first" --encrypted-regex '^data$' --mac-only-encrypted <<'END'
plain: visible
data:
    a: one
END
record yaml encrypted-comment yaml --age "$first" --encrypted-comment-regex 'sops:enc' <<'END'
a: plain
# sops:enc
b: secret
# note
c: plain
END
record json nested json --age "$first" <<'END'
{"z":1,"a":{"html":"<&>","list":["x",{"y":null},[],{}]},"f":1.5e-7,"on":true,"e":"","plain_unencrypted":"visible","esc":"é\u2028\n"}
END
record dotenv service env --age "$first" <<'END'
# a comment
USER=admin
URL=https://a=b&c "d"
LINES=one\ntwo
EMPTY=
MODE_unencrypted=visible
END
record ini sections ini --age "$first" <<'END'
top = 1
; file
[db]
; the user
user = admin
password_long = "a b"
[plain]
x_unencrypted = visible
END
printf 'raw \000\377\n' | record binary bytes bin --age "$first"

cat >fixtures/rules.yaml <<END
creation_rules:
  - shamir_threshold: 2
    key_groups:
      - age: [$first]
      - age: [$second]
      - age: [$third]
END
for format in yaml:yaml dotenv:env ini:ini; do
    case $format in
        yaml:*) text='a: one' ;;
        ini:*) text='[a]
b = one' ;;
        *) text='A=one' ;;
    esac
    echo "$text" | record "${format%:*}" shamir "${format#*:}" --config fixtures/rules.yaml
done
rm fixtures/rules.yaml
