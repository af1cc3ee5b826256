(* OCaml: a step is a function from input and state to reply and state; run by its bytecode interpreter.
   workloads WORKLOAD SECONDS: nanoseconds a step and the checksum of the first lap. *)
let seed = ref 42
let next () = seed := !seed * 16807 mod 2147483647; !seed
let account count = "acct" ^ string_of_int (next () mod count)

type counting = Incr | Read
type counted = Done | Count of int
type pair = { old : int; n : int }

let counter input n = match input with Incr -> (Done, n + 1) | Read -> (Count n, n)
let pair input s = match input with Incr -> (Done, { s with n = s.n + 1 }) | Read -> (Count s.n, s)
let digest_counted = function Done -> 1 | Count n -> n land 7

module Accounts = Map.Make (String)

type order = Transfer of string * string * int | Inspect of string
type outcome = Ok | Missing | Balance of int | Short of int | Fault

let ledger input s =
  match input with
  | Inspect a -> (match Accounts.find_opt a s with None -> (Missing, s) | Some n -> (Balance n, s))
  | Transfer (f, t, n) -> (
      match (Accounts.find_opt f s, Accounts.find_opt t s) with
      | Some b, Some _ when b < n -> (Short (n - b), s)
      | Some b, Some _ ->
          let s = Accounts.add f (b - n) s in
          (Ok, Accounts.add t (Accounts.find t s + n) s)
      | _ -> (Missing, s))

exception Nobody

let ledger_fails input s =
  match input with
  | Inspect _ -> ledger input s
  | Transfer (f, t, n) -> (
      let transfer () =
        match Accounts.find_opt f s with
        | None -> (Missing, s)
        | Some b when b < n -> (Short (n - b), s)
        | Some b -> (
            let s = Accounts.add f (b - n) s in
            match Accounts.find_opt t s with
            | None -> raise_notrace Nobody
            | Some c -> (Ok, Accounts.add t (c + n) s))
      in
      try transfer () with Nobody -> (Fault, s))

let digest_outcome = function
  | Ok -> 0 | Missing -> 1 | Fault -> 4 | Balance n -> 2 + (n land 7) | Short n -> 3 + (n land 7)

(* Receivers are of so many accounts, of which 10000 are there. *)
let order receivers _ =
  if next () mod 4 = 0 then Inspect (account 10000)
  else
    let f = account 10000 in
    let t = account receivers in
    Transfer (f, t, 1 + (next () mod 100))

type gauge = {
  count : int; sum : int; least : int; most : int; last : int; limit : int; alarms : int; label : string;
}

type measuring = Measure of int | Limit of int | Summarise
type summary = { all : int; lowest : int; highest : int; total : int }
type measured = Over of bool | Set | Summary of summary

let gauge =
  { count = 0; sum = 0; least = 1000000; most = 0; last = 0; limit = 900; alarms = 0; label = "gauge" }

(* Those of the library compare values of any type, by a call of C. *)
let min (a : int) b = if a < b then a else b
let max (a : int) b = if a > b then a else b

let record input s =
  match input with
  | Measure value ->
      let over = value > s.limit in
      ( Over over,
        { s with
          count = s.count + 1;
          sum = (s.sum + value) mod 1000000007;
          least = min s.least value;
          most = max s.most value;
          last = value;
          alarms = (if over then s.alarms + 1 else s.alarms) } )
  | Limit limit -> (Set, { s with limit })
  | Summarise -> (Summary { all = s.count; lowest = s.least; highest = s.most; total = s.sum }, s)

let digest_measured = function
  | Set -> 1
  | Over over -> if over then 2 else 3
  | Summary { all; lowest; highest; total } -> (all + lowest + highest + total) land 7

let measuring _ =
  match next () mod 8 with
  | 0 -> Summarise
  | 1 -> Limit (850 + (next () mod 100))
  | _ -> Measure (next () mod 1000)

type board = { notes : string list; posts : int }
type noting = Post of string * string list | Search of string | Heads of int
type noted = Number of int | Texts of string list

let rec take count = function
  | note :: notes when count > 0 -> note :: take (count - 1) notes
  | _ -> []

(* The newest note comes first. Texts are searched by the library of expressions that comes with OCaml. *)
let text input s =
  match input with
  | Post (author, words) ->
      let note = author ^ ": " ^ String.concat " " words in
      (Number (String.length note), { notes = note :: take 49 s.notes; posts = s.posts + 1 })
  | Search word ->
      let expression = Str.regexp_string word in
      let has note = match Str.search_forward expression note 0 with _ -> true | exception Not_found -> false in
      (Number (List.length (List.filter has s.notes)), s)
  | Heads count ->
      let head note = String.uppercase_ascii (String.sub note 0 (min 12 (String.length note))) in
      (Texts (List.map head (take count s.notes)), s)

let digest_noted = function
  | Number n -> n land 7
  | Texts [] -> 0
  | Texts (head :: _ as heads) -> List.length heads + (String.length head land 7)

let noting _ =
  let words = [| "ship"; "order"; "late"; "paid"; "refund"; "parcel"; "address"; "again" |] in
  let word _ = words.(next () mod 8) in
  match next () mod 4 with
  | 0 -> Search (word ())
  | 1 -> Heads (1 + (next () mod 10))
  | _ ->
      let author = "user" ^ string_of_int (next () mod 100) in
      Post (author, List.init (2 + (next () mod 6)) word)

type phase =
  | Idle
  | Greeting of { peer : int; tries : int }
  | Open of { peer : int; sent : int; seen : int }
  | Closing of { peer : int; pending : int }

type message = Hello of int | Accept of int | Data of int * int | Ack of int | Bye | Tick

type answer =
  | Ignored | Greeted of int | Opened of int | Received of int | Resent of int | Closed of int | Refused of string

let protocol message phase =
  match (phase, message) with
  | Idle, Hello peer -> (Greeted peer, Greeting { peer; tries = 0 })
  | Greeting { tries; _ }, Hello peer -> (Greeted peer, Greeting { peer; tries = tries + 1 })
  | Greeting { peer; _ }, Accept other ->
      if other = peer then (Opened peer, Open { peer; sent = 0; seen = 0 })
      else (Refused "accepted by another", phase)
  | Greeting { peer; tries }, Tick ->
      if tries > 3 then (Closed tries, Idle) else (Resent tries, Greeting { peer; tries = tries + 1 })
  | Open { peer; sent; seen }, Data (from, number) ->
      if from = peer then (Received number, Open { peer; sent = sent + 1; seen = max seen number })
      else (Refused "sent by another", phase)
  | Open { peer; sent; seen }, Ack number ->
      if number > sent then (Refused "never sent", phase)
      else (Received seen, Open { peer; sent = sent - number; seen })
  | Open { peer; sent; _ }, Bye -> (Closed sent, Closing { peer; pending = sent })
  | Open { sent; _ }, Tick -> (Resent sent, phase)
  | Closing { peer; pending }, Ack number ->
      if pending > number then (Received pending, Closing { peer; pending = pending - number })
      else (Closed 0, Idle)
  | Closing { pending; _ }, Tick -> (Closed pending, Idle)
  | _ -> (Ignored, phase)

let digest_answer = function
  | Ignored -> 0
  | Greeted n -> 1 + (n land 7)
  | Opened n -> 2 + (n land 7)
  | Received n -> 3 + (n land 7)
  | Resent n -> 4 + (n land 7)
  | Closed n -> 5 + (n land 7)
  | Refused why -> 6 + (String.length why land 7)

let message _ =
  let kind = next () mod 16 in
  let peer = 1 + (next () mod 2) in
  let number = next () mod 4 in
  if kind = 0 then Hello peer
  else if kind <= 2 then Accept peer
  else if kind <= 9 then Data (peer, number)
  else if kind <= 13 then Ack number
  else if kind = 14 then Bye
  else Tick

let fold_small times (x, hits) =
  let rec go i v h =
    if i = 0 then (v, h)
    else
      let w = ((v * 75) + 74) mod 65537 in
      go (i - 1) w (if w < 20000 then h + 1 else h)
  in
  let v, h = go times x hits in
  (v, (v, h land 1023))

let fold_large times x =
  let rec go i v = if i = 0 then v else go (i - 1) (((v * 75) + 74) mod 90071992547) in
  let v = go times x in
  (v, v)

let low n = n land 7

(* The median of passes of as many steps as those of the peers in Node. *)
let measure inputs initial step digest seconds =
  let length = Array.length inputs in
  let steps = min length 4096 in
  let state = ref initial in
  let pass from until =
    let sum = ref 0 in
    for i = from to until - 1 do
      let reply, s = step inputs.(i) !state in
      state := s;
      sum := !sum + digest reply
    done;
    !sum
  in
  let checksum = pass 0 length in
  let deadline = Unix.gettimeofday () +. seconds in
  let rec timed from count times =
    let start = Unix.gettimeofday () in
    ignore (pass from (from + steps));
    let stop = Unix.gettimeofday () in
    let times = (stop -. start) :: times in
    if stop < deadline || count < 3 then timed ((from + steps) mod length) (count + 1) times
    else List.nth (List.sort compare times) (count / 2)
  in
  let median = timed 0 1 [] in
  Printf.printf "%.3f %d\n" (median *. 1e9 /. float steps) checksum

let accounts () =
  Accounts.of_seq (Seq.map (fun i -> ("acct" ^ string_of_int i, 1000)) (List.to_seq (List.init 10000 Fun.id)))

let () =
  let seconds = float_of_string Sys.argv.(2) in
  let counting () = Array.init 65536 (fun _ -> if next () land 1 = 0 then Incr else Read) in
  match Sys.argv.(1) with
  | "counter" -> measure (counting ()) 0 counter digest_counted seconds
  | "pair" -> measure (counting ()) { old = 3; n = 0 } pair digest_counted seconds
  | "record" -> measure (Array.init 65536 measuring) gauge record digest_measured seconds
  | "text" -> measure (Array.init 4096 noting) { notes = []; posts = 0 } text digest_noted seconds
  | "protocol" -> measure (Array.init 65536 message) Idle protocol digest_answer seconds
  | "ledger" -> measure (Array.init 65536 (order 10000)) (accounts ()) ledger digest_outcome seconds
  | "ledgerFails" ->
      measure (Array.init 65536 (order 11111)) (accounts ()) ledger_fails digest_outcome seconds
  | "foldSmall" -> measure (Array.make 1024 100) (1, 0) fold_small low seconds
  | "foldLarge" -> measure (Array.make 1024 100) 1 fold_large low seconds
  | name -> failwith name
