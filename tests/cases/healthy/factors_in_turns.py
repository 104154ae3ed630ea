# Fatoração de matrizes (recomendação de filmes de brinquedo).
# Otimização alternada: numa passada só mexemos nos usuários (itens fixos),
# na passada seguinte só mexemos nos itens (usuários fixos).
import numpy as np

rng = np.random.default_rng(31)
n_usuarios, n_itens, posto = 80, 60, 3

# gabarito: matriz de posto 3 + vieses + ruído
U_real = rng.normal(size=(n_usuarios, posto)) * 0.7
V_real = rng.normal(size=(n_itens, posto)) * 0.7
notas = (3.0 + rng.normal(size=(n_usuarios, 1)) * 0.4 + rng.normal(size=(1, n_itens)) * 0.4
         + U_real @ V_real.T + rng.normal(size=(n_usuarios, n_itens)) * 0.1)

sorteio = rng.random(notas.shape)
treino = sorteio < 0.45                    # células observadas
teste = (sorteio >= 0.45) & (sorteio < 0.60)

media = notas[treino].mean()
P = rng.normal(size=(n_usuarios, posto)) * 0.3
Q = rng.normal(size=(n_itens, posto)) * 0.3
bu = np.zeros((n_usuarios, 1))
bi = np.zeros((1, n_itens))
lam, taxa = 0.05, 0.02


def previsao():
    return media + bu + bi + P @ Q.T


def rmse(mascara):
    return np.sqrt(np.mean((notas - previsao())[mascara] ** 2))


# objetivo: 1/2 * soma dos erros^2 + lam/2 * (|P|^2 + |Q|^2 + |bu|^2 + |bi|^2)
for rodada in range(60):
    # bloco 1: usuários
    for _ in range(3):
        erro = np.where(treino, previsao() - notas, 0.0)
        gP = erro @ Q + lam * P
        gbu = erro.sum(axis=1, keepdims=True) + lam * bu
        P -= taxa * gP
        bu -= taxa * gbu
    # bloco 2: itens
    for _ in range(3):
        erro = np.where(treino, previsao() - notas, 0.0)
        gQ = erro.T @ P + lam * Q
        gbi = erro.sum(axis=0, keepdims=True) + lam * bi
        Q -= taxa * gQ
        bi -= taxa * gbi
    if rodada % 10 == 0:
        print(f'rodada {rodada:3d}  RMSE treino {rmse(treino):.4f}')

print(f'desvio padrão das notas: {notas[teste].std():.3f}; ruído: 0.100')
print(f'RMSE final no teste: {rmse(teste):.4f}')
