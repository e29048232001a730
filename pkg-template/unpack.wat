;; Makes the engine's bytes of the text that xtask/tools/embed.mjs makes of
;; them, which says how. JavaScript takes ten times as long for it where it
;; runs for the first time, which is before the first request of every visitor.
(module
  ;; From 0: of each character its byte, in two bytes, as a character alone and
  ;; as one that follows the first or the second shift. A shift is 0x100 or
  ;; 0x200 itself. From 0x400: 256 characters of which a 1 says that a byte is
  ;; frequent, then the text, whose bytes take its place.
  (memory (export "memory") 1)

  (func $is_in_alphabet (param $code i32) (result i32)
    (i32.and
      (i32.and
        (i32.lt_u (i32.sub (local.get $code) (i32.const 0x20)) (i32.const 0x5f))
        (i32.ne (local.get $code) (i32.const 0x22)))
      (i32.and
        (i32.ne (local.get $code) (i32.const 0x3c))
        (i32.ne (local.get $code) (i32.const 0x5c)))))

  (func $is_frequent (param $byte i32) (result i32)
    (i32.eq (i32.load8_u offset=0x400 (local.get $byte)) (i32.const 0x31)))

  ;; The next character that stands for no frequent byte of its own number.
  (func $next_left (param $code i32) (result i32)
    (loop $taken
      (local.set $code (i32.add (local.get $code) (i32.const 1)))
      (br_if $taken (i32.eqz (call $is_in_alphabet (local.get $code))))
      (br_if $taken (call $is_frequent (local.get $code))))
    (local.get $code))

  (func $set (param $code i32) (param $value i32)
    (i32.store16 (i32.shl (local.get $code) (i32.const 1)) (local.get $value)))

  ;; Takes where the text ends and gives where the bytes do.
  (func (export "unpack") (param $end i32) (result i32)
    (local $byte i32) (local $left i32) (local $rare i32)
    (local $from i32) (local $to i32) (local $page i32) (local $value i32)
    (local.set $left (i32.const 0x1f))
    (local.set $rare (i32.const 0x80))
    (loop $bytes
      (if (call $is_frequent (local.get $byte))
        (then
          (if (call $is_in_alphabet (local.get $byte))
            (then (call $set (local.get $byte) (local.get $byte)))
            (else
              (local.set $left (call $next_left (local.get $left)))
              (call $set (local.get $left) (local.get $byte)))))
        (else
          (loop $gap
            (local.set $rare (i32.add (local.get $rare) (i32.const 1)))
            (br_if $gap
              (i32.eqz (call $is_in_alphabet (i32.and (local.get $rare) (i32.const 0x7f))))))
          (call $set (local.get $rare) (local.get $byte))))
      (local.set $byte (i32.add (local.get $byte) (i32.const 1)))
      (br_if $bytes (i32.lt_u (local.get $byte) (i32.const 0x100))))
    (local.set $left (call $next_left (local.get $left)))
    (call $set (local.get $left) (i32.const 0x100))
    (call $set (call $next_left (local.get $left)) (i32.const 0x200))

    (local.set $from (i32.const 0x500))
    (local.set $to (i32.const 0x500))
    (loop $text
      (local.set $value
        (i32.load16_u
          (i32.shl
            (i32.add (local.get $page) (i32.load8_u (local.get $from)))
            (i32.const 1))))
      (local.set $page (i32.shr_u (i32.and (local.get $value) (i32.const 0x300)) (i32.const 1)))
      (if (i32.eqz (local.get $page))
        (then
          (i32.store8 (local.get $to) (local.get $value))
          (local.set $to (i32.add (local.get $to) (i32.const 1)))))
      (local.set $from (i32.add (local.get $from) (i32.const 1)))
      (br_if $text (i32.lt_u (local.get $from) (local.get $end))))
    (local.get $to)))
