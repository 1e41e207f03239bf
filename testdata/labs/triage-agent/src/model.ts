// One call of the model, without tools.
const ADDRESS = "https://models.acme.example/v1/complete";

export async function ask(question: string): Promise<string> {
  const response = await fetch(ADDRESS, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${process.env.PAIR_KEY ?? ""}` },
    body: JSON.stringify({ question }),
  });
  const answer = (await response.json()) as { text: string };
  return answer.text;
}
