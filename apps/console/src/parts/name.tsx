/** Consonants that a virama joins, or emoji by a joiner: however many, they are one letter. */
const joined =
  /((?:\p{L}[\u094D\u09CD\u0ACD\u0B4D\u0C4D\u0D4D]|\p{Extended_Pictographic}\uFE0F?\u200D){4})/u;

/**
 * A name or an address, isolated, since either may run from right to left. It may break where the
 * browser would break nowhere, so that none is wider than a screen.
 */
export function Name({ children }: { children: string }) {
  const parts = children.split(joined).filter((part) => part !== '');
  return (
    <bdi className="name">
      {parts.length === 1
        ? children
        : // biome-ignore lint/suspicious/noArrayIndexKey: parts have no other name.
          parts.map((part, index) => <Part key={index}>{part}</Part>)}
    </bdi>
  );
}

function Part({ children }: { children: string }) {
  return (
    <>
      {children}
      <wbr />
    </>
  );
}
