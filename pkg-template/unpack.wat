;; Makes the engine's bytes of the text that xtask/tools/pack.mjs makes of them,
;; which says how. It runs before the first request of every visitor. From the
;; import to the compile it is 2.6 ms with it, and was 4.5 where JavaScript did
;; less than this (Chromium, two cores).
(module
  ;; From 0: of each character its byte, in two bytes, as a character alone and
  ;; as one that follows the first or the second shift. A shift is 0x100 or
  ;; 0x200 itself.
  ;; From 0x300: of each instruction the stream that its operands are in, and
  ;; 16 times how many there are.
  ;; From 0x400: 256 characters of which a 1 says that a byte is frequent.
  ;; From 0x500: the text, and what is made of its characters, which is where
  ;; each of thirteen streams is, how many functions there are, and the streams.
  ;; From the third page on: the module.
  (memory (export "memory") 4)

  ;; 0 operators, 1 locals' types, 2 locals, 3 offsets, 4 types of blocks, 5
  ;; i32.const, 6 call, 7 globals and tables, 8 f64.const, 9 branches, 10
  ;; i64.const, 11 what comes before the functions, 12 what comes after them.
  (data (i32.const 0x302)
    ;; block, loop, if; br, br_if, br_table; call, call_indirect
    "\14\14\14\00\00\00\00\00\00\00\19\19\19\00\16\20\00\00\00\00\00\00\00\00\00\00\00\00\00\00"
    ;; locals, globals, tables; loads and stores; the memory's size; constants
    "\12\12\12\17\17\17\17\00\13\13\13\13\13\13\13\13\13\13\13\13\13\13\13\13\13\13\13\13\13\13\13\10\10\15\1a\00\88")

  ;; Where the module ends so far.
  (global $to (mut i32) (i32.const 0x2_0000))

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

  ;; Writes a byte of the module.
  (func $write (param $byte i32)
    (i32.store8 (global.get $to) (local.get $byte))
    (global.set $to (i32.add (global.get $to) (i32.const 1))))

  ;; The next byte of a stream, which is written as well.
  (func $take (param $stream i32) (result i32)
    (local $from i32)
    (local.set $stream (i32.shl (local.get $stream) (i32.const 2)))
    (local.set $from (i32.load offset=0x500 (local.get $stream)))
    (i32.store offset=0x500 (local.get $stream) (i32.add (local.get $from) (i32.const 1)))
    (call $write (local.tee $from (i32.load8_u (local.get $from))))
    (local.get $from))

  ;; Takes so many numbers of LEB128, or bytes where they are no such numbers.
  (func $take_all (param $stream i32) (param $count i32)
    (loop $numbers
      (if (local.get $count)
        (then
          (local.set $count
            (i32.sub
              (local.get $count)
              (i32.or
                (i32.lt_u (call $take (local.get $stream)) (i32.const 0x80))
                (i32.eq (local.get $stream) (i32.const 8)))))
          (br $numbers)))))

  (func $copy (param $from i32) (param $end i32)
    (loop $bytes
      (call $write (i32.load8_u (local.get $from)))
      (br_if $bytes
        (i32.lt_u
          (local.tee $from (i32.add (local.get $from) (i32.const 1)))
          (local.get $end)))))

  ;; The bytes that the text is of, in its place; gives their end.
  (func $bytes (param $end i32) (result i32)
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
    (local.get $to))

  ;; A function: its length, in three bytes that are written at the end, the
  ;; types of its locals, and its instructions.
  (func $function
    (local $start i32) (local $depth i32) (local $op i32) (local $operands i32)
    (local.set $start (global.get $to))
    (global.set $to (i32.add (global.get $to) (i32.const 3)))
    (call $take_all (i32.const 1) (i32.shl (call $take (i32.const 1)) (i32.const 1)))
    (local.set $depth (i32.const 1))
    (loop $instructions
      (local.set $op (call $take (i32.const 0)))
      ;; Those that have no place in the table have no operands.
      (local.set $operands
        (select
          (i32.load8_u offset=0x300 (local.get $op))
          (i32.const 0)
          (i32.lt_u (local.get $op) (i32.const 0x45))))
      ;; Of a load or store the alignment, which is always 0, comes first.
      (if (i32.eq (local.get $operands) (i32.const 0x13)) (then (call $write (i32.const 0))))
      (local.set $depth
        (i32.add
          (local.get $depth)
          (i32.sub
            (i32.eq (local.get $operands) (i32.const 0x14))
            (i32.eq (local.get $op) (i32.const 0x0b)))))
      (call $take_all
        (i32.and (local.get $operands) (i32.const 15))
        (if (result i32) (i32.eq (local.get $op) (i32.const 0x0e))
          ;; br_table: how many, and one more
          (then (i32.add (call $take (i32.const 9)) (i32.const 1)))
          (else
            (if (result i32) (i32.eq (local.get $op) (i32.const 0xfc))
              ;; memory.copy, which is 10, has two, those to an integer, up to
              ;; 7, have none, all others one
              (then
                (local.set $op (call $take (i32.const 0)))
                (i32.add
                  (i32.gt_u (local.get $op) (i32.const 7))
                  (i32.eq (local.get $op) (i32.const 10))))
              (else (i32.shr_u (local.get $operands) (i32.const 4)))))))
      (br_if $instructions (local.get $depth)))
    (local.set $operands (i32.sub (i32.sub (global.get $to) (local.get $start)) (i32.const 3)))
    (i32.store8 (local.get $start) (i32.or (local.get $operands) (i32.const 0x80)))
    (i32.store8 offset=1 (local.get $start)
      (i32.or (i32.shr_u (local.get $operands) (i32.const 7)) (i32.const 0x80)))
    (i32.store8 offset=2 (local.get $start) (i32.shr_u (local.get $operands) (i32.const 14))))

  ;; Takes where the text ends and gives where the module does.
  (func (export "unpack") (param $end i32) (result i32)
    (local $count i32)
    (local.set $end (call $bytes (local.get $end)))
    (local.set $count (i32.load (i32.const 0x534)))
    (call $copy (i32.load (i32.const 0x52c)) (i32.load (i32.const 0x530)))
    (loop $functions
      (call $function)
      (br_if $functions (local.tee $count (i32.sub (local.get $count) (i32.const 1)))))
    (call $copy (i32.load (i32.const 0x530)) (local.get $end))
    (global.get $to)))
