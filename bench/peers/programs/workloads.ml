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

let measure inputs initial step digest seconds =
  let state = ref initial in
  let pass () =
    let sum = ref 0 in
    for i = 0 to Array.length inputs - 1 do
      let reply, s = step inputs.(i) !state in
      state := s;
      sum := !sum + digest reply
    done;
    !sum
  in
  let checksum = pass () in
  let deadline = Unix.gettimeofday () +. seconds in
  let rec timed times =
    let start = Unix.gettimeofday () in
    ignore (pass ());
    let stop = Unix.gettimeofday () in
    let times = (stop -. start) :: times in
    if stop < deadline || List.length times < 3 then timed times
    else List.nth (List.sort compare times) (List.length times / 2)
  in
  let median = timed [] in
  Printf.printf "%.3f %d\n" (median *. 1e9 /. float (Array.length inputs)) checksum

let accounts () =
  Accounts.of_seq (Seq.map (fun i -> ("acct" ^ string_of_int i, 1000)) (List.to_seq (List.init 10000 Fun.id)))

let () =
  let seconds = float_of_string Sys.argv.(2) in
  let counting () = Array.init 65536 (fun _ -> if next () land 1 = 0 then Incr else Read) in
  match Sys.argv.(1) with
  | "counter" -> measure (counting ()) 0 counter digest_counted seconds
  | "pair" -> measure (counting ()) { old = 3; n = 0 } pair digest_counted seconds
  | "ledger" -> measure (Array.init 65536 (order 10000)) (accounts ()) ledger digest_outcome seconds
  | "ledgerFails" ->
      measure (Array.init 65536 (order 11111)) (accounts ()) ledger_fails digest_outcome seconds
  | "foldSmall" -> measure (Array.make 1024 100) (1, 0) fold_small low seconds
  | "foldLarge" -> measure (Array.make 1024 100) 1 fold_large low seconds
  | name -> failwith name
