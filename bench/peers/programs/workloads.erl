%% Erlang: a step is a function from input and state to reply and state, as a gen_server's; compiled by its JIT.
%% erl -run workloads main WORKLOAD SECONDS: nanoseconds a step and the checksum of the first lap.
-module(workloads).
-export([main/1]).

-record(gauge, {count = 0, sum = 0, least = 1000000, most = 0, last = 0, limit = 900, alarms = 0, label = <<"gauge">>}).
-record(summary, {count, least, most, sum}).

next(X) -> (X * 16807) rem 2147483647.

many(0, _) -> [];
many(N, X) -> Y = next(X), [Y | many(N - 1, Y)].

account(I) -> <<"acct", (integer_to_binary(I))/binary>>.

%% Receivers are of so many accounts, of which 10000 are there.
orders(0, _, _) -> [];
orders(N, X0, Receivers) ->
  X = next(X0),
  case X rem 4 of
    0 -> Y = next(X), [{inspect, account(Y rem 10000)} | orders(N - 1, Y, Receivers)];
    _ -> A = next(X), B = next(A), C = next(B),
      [{transfer, account(A rem 10000), account(B rem Receivers), 1 + C rem 100} | orders(N - 1, C, Receivers)]
  end.

measures(0, _) -> [];
measures(N, X0) ->
  X = next(X0),
  case X rem 8 of
    0 -> [summarise | measures(N - 1, X)];
    1 -> Y = next(X), [{limit, 850 + Y rem 100} | measures(N - 1, Y)];
    _ -> Y = next(X), [{measure, Y rem 1000} | measures(N - 1, Y)]
  end.

words(0, X) -> {[], X};
words(N, X0) ->
  X = next(X0),
  Word = element(1 + X rem 8,
    {<<"ship">>, <<"order">>, <<"late">>, <<"paid">>, <<"refund">>, <<"parcel">>, <<"address">>, <<"again">>}),
  {Words, Y} = words(N - 1, X),
  {[Word | Words], Y}.

posts(0, _) -> [];
posts(N, X0) ->
  X = next(X0),
  case X rem 4 of
    0 -> {[Word], Y} = words(1, X), [{count, Word} | posts(N - 1, Y)];
    1 -> Y = next(X), [{heads, 1 + Y rem 10} | posts(N - 1, Y)];
    _ -> A = next(X), B = next(A), {Words, Y} = words(2 + B rem 6, B),
      [{post, <<"user", (integer_to_binary(A rem 100))/binary>>, Words} | posts(N - 1, Y)]
  end.

messages(0, _) -> [];
messages(N, X0) ->
  X = next(X0), Y = next(X), Z = next(Y),
  Peer = 1 + Y rem 2, Number = Z rem 4,
  Message = case X rem 16 of
    0 -> {hello, Peer};
    K when K =< 2 -> {accept, Peer};
    K when K =< 9 -> {data, Peer, Number};
    K when K =< 13 -> {ack, Number};
    14 -> bye;
    15 -> tick
  end,
  [Message | messages(N - 1, Z)].

accounts() -> maps:from_list([{account(I), 1000} || I <- lists:seq(0, 9999)]).

machine(W) when W =:= "counter"; W =:= "pair" ->
  Inputs = [case X band 1 of 0 -> incr; 1 -> read end || X <- many(65536, 42)],
  case W of
    "counter" -> {Inputs, 0, fun counter/2};
    "pair" -> {Inputs, {3, 0}, fun pair/2}
  end;
machine("record") -> {measures(65536, 42), #gauge{}, fun record/2};
machine("text") -> {posts(4096, 42), {[], 0}, fun text/2};
machine("protocol") -> {messages(65536, 42), idle, fun protocol/2};
machine("ledger") -> {orders(65536, 42, 10000), accounts(), fun ledger/2};
machine("ledgerFails") -> {orders(65536, 42, 11111), accounts(), fun ledger_fails/2};
machine("foldSmall") -> {[100 || _ <- lists:seq(1, 1024)], {1, 0}, fun fold_small/2};
machine("foldLarge") -> {[100 || _ <- lists:seq(1, 1024)], 1, fun fold_large/2}.

counter(incr, N) -> {ok, N + 1};
counter(read, N) -> {N, N}.

pair(incr, {Old, N}) -> {ok, {Old, N + 1}};
pair(read, {_, N} = S) -> {N, S}.

record({measure, V}, #gauge{count = Count, sum = Sum, least = Least, most = Most, alarms = Alarms} = S) ->
  Over = V > S#gauge.limit,
  {Over, S#gauge{count = Count + 1, sum = (Sum + V) rem 1000000007, least = min(Least, V), most = max(Most, V),
    last = V, alarms = case Over of true -> Alarms + 1; false -> Alarms end}};
record({limit, N}, S) -> {ok, S#gauge{limit = N}};
record(summarise, #gauge{count = Count, least = Least, most = Most, sum = Sum} = S) ->
  {#summary{count = Count, least = Least, most = Most, sum = Sum}, S}.

%% The newest note comes first.
text({post, Author, Words}, {Notes, Total}) ->
  Note = iolist_to_binary([Author, <<": ">> | lists:join(<<" ">>, Words)]),
  {byte_size(Note), {[Note | lists:sublist(Notes, 49)], Total + 1}};
text({count, Word}, {Notes, _} = S) ->
  Pattern = binary:compile_pattern(Word),
  {length([Note || Note <- Notes, binary:match(Note, Pattern) =/= nomatch]), S};
text({heads, Count}, {Notes, _} = S) ->
  {[string:uppercase(binary:part(Note, 0, min(12, byte_size(Note)))) || Note <- lists:sublist(Notes, Count)], S}.

protocol({hello, Peer}, idle) -> {{greeted, Peer}, {greeting, Peer, 0}};
protocol({hello, Peer}, {greeting, _, Tries}) -> {{greeted, Peer}, {greeting, Peer, Tries + 1}};
protocol({accept, Peer}, {greeting, Peer, _}) -> {{opened, Peer}, {open, Peer, 0, 0}};
protocol({accept, _}, {greeting, _, _} = S) -> {{refused, <<"accepted by another">>}, S};
protocol(tick, {greeting, _, Tries}) when Tries > 3 -> {{closed, Tries}, idle};
protocol(tick, {greeting, Peer, Tries}) -> {{resent, Tries}, {greeting, Peer, Tries + 1}};
protocol({data, Peer, N}, {open, Peer, Sent, Seen}) -> {{received, N}, {open, Peer, Sent + 1, max(Seen, N)}};
protocol({data, _, _}, {open, _, _, _} = S) -> {{refused, <<"sent by another">>}, S};
protocol({ack, N}, {open, _, Sent, _} = S) when N > Sent -> {{refused, <<"never sent">>}, S};
protocol({ack, N}, {open, Peer, Sent, Seen}) -> {{received, Seen}, {open, Peer, Sent - N, Seen}};
protocol(bye, {open, Peer, Sent, _}) -> {{closed, Sent}, {closing, Peer, Sent}};
protocol(tick, {open, _, Sent, _} = S) -> {{resent, Sent}, S};
protocol({ack, N}, {closing, Peer, Pending}) when Pending > N -> {{received, Pending}, {closing, Peer, Pending - N}};
protocol({ack, _}, {closing, _, _}) -> {{closed, 0}, idle};
protocol(tick, {closing, _, Pending}) -> {{closed, Pending}, idle};
protocol(_, S) -> {ignored, S}.

ledger({inspect, A}, S) ->
  case S of #{A := N} -> {{balance, N}, S}; _ -> {missing, S} end;
ledger({transfer, F, T, N}, S) ->
  case S of
    #{F := B, T := _} when B < N -> {{short, N - B}, S};
    #{F := B, T := _} -> S1 = S#{F := B - N}, #{T := C} = S1, {ok, S1#{T := C + N}};
    _ -> {missing, S}
  end.

ledger_fails({inspect, _} = Input, S) -> ledger(Input, S);
ledger_fails(Input, S) ->
  try transfer(Input, S) catch throw:nobody -> {fault, S} end.
transfer({transfer, F, T, N}, S) ->
  case S of
    #{F := B} when B < N -> {{short, N - B}, S};
    #{F := B} ->
      S1 = S#{F := B - N},
      case S1 of #{T := C} -> {ok, S1#{T := C + N}}; _ -> throw(nobody) end;
    _ -> {missing, S}
  end.

fold_small(Times, {X, Hits}) -> {V, H} = small(Times, X, Hits), {V, {V, H band 1023}}.
small(0, V, H) -> {V, H};
small(I, V, H) ->
  W = (V * 75 + 74) rem 65537,
  case W < 20000 of true -> small(I - 1, W, H + 1); false -> small(I - 1, W, H) end.

fold_large(Times, X) -> V = large(Times, X), {V, V}.
large(0, V) -> V;
large(I, V) -> large(I - 1, (V * 75 + 74) rem 90071992547).

%% Replies as numbers.
digest(ok) -> 1;
digest(true) -> 2;
digest(false) -> 3;
digest(N) when is_integer(N) -> N band 7;
digest(#summary{count = Count, least = Least, most = Most, sum = Sum}) -> (Count + Least + Most + Sum) band 7;
digest([]) -> 0;
digest([Head | _] = Heads) -> length(Heads) + byte_size(Head) band 7.
digest_ledger(ok) -> 0;
digest_ledger(missing) -> 1;
digest_ledger(fault) -> 4;
digest_ledger({balance, N}) -> 2 + N band 7;
digest_ledger({short, N}) -> 3 + N band 7.
digest_protocol(ignored) -> 0;
digest_protocol({greeted, N}) -> 1 + N band 7;
digest_protocol({opened, N}) -> 2 + N band 7;
digest_protocol({received, N}) -> 3 + N band 7;
digest_protocol({resent, N}) -> 4 + N band 7;
digest_protocol({closed, N}) -> 5 + N band 7;
digest_protocol({refused, Why}) -> 6 + byte_size(Why) band 7.

digest_of("ledger" ++ _) -> fun digest_ledger/1;
digest_of("protocol") -> fun digest_protocol/1;
digest_of(_) -> fun digest/1.

pass([], S, _, _, Sum) -> {Sum, S};
pass([I | Is], S0, Step, Digest, Sum) ->
  {Reply, S} = Step(I, S0),
  pass(Is, S, Step, Digest, Sum + Digest(Reply)).

%% A lap in passes of as many steps as those of the peers in Node.
passes([]) -> [];
passes(Inputs) ->
  {Pass, Rest} = lists:split(min(4096, length(Inputs)), Inputs),
  [Pass | passes(Rest)].

%% The median of the passes: those that are left of a lap, and then laps of all.
timed([], Lap, S, Step, Digest, Deadline, Times) -> timed(Lap, Lap, S, Step, Digest, Deadline, Times);
timed([Pass | Passes], Lap, S0, Step, Digest, Deadline, Times) ->
  T0 = erlang:monotonic_time(nanosecond),
  {_, S} = pass(Pass, S0, Step, Digest, 0),
  T1 = erlang:monotonic_time(nanosecond),
  case [T1 - T0 | Times] of
    [_, _, _ | _] = All when T1 >= Deadline -> lists:nth(length(All) div 2 + 1, lists:sort(All));
    All -> timed(Passes, Lap, S, Step, Digest, Deadline, All)
  end.

main([Workload, Seconds]) ->
  {Inputs, Initial, Step} = machine(Workload),
  Digest = digest_of(Workload),
  {Checksum, S} = pass(Inputs, Initial, Step, Digest, 0),
  [First | _] = Lap = passes(Inputs),
  Deadline = erlang:monotonic_time(nanosecond) + round(list_to_float(Seconds) * 1.0e9),
  Median = timed(Lap, Lap, S, Step, Digest, Deadline, []),
  io:format("~.3f ~p~n", [Median / length(First), Checksum]),
  halt().
